/**
 * Every view of the page in one table: where it is, and what must be there before it is looked at. The
 * pictures in docs/screenshots and the accessibility check go through it; a new view is a new row.
 */
import type { Page } from 'playwright-core'
import type { RunSummary } from '../../../studies/runs/events.ts'

/** Runs of the embedded model that the views show. */
export const EXHIBITS = {
  steering: { study: 'yes-no-steering', preset: 'demo' },
  ablation: { study: 'neuron-ablation', preset: 'demo' },
  path: { study: 'path-patching', preset: 'demo' },
  time: { study: 'time-patching', preset: 'demo' },
  /** The same question in other words: its tokens do not line up with those of `time`, its heads do. */
  otherTime: {
    study: 'time-patching',
    preset: 'demo',
    params: {
      clean: 'the clock on the wall reads 8:15 am. so it must be the',
      corrupted: 'the clock on the wall reads 8:15 pm. so it must be the',
    },
  },
} as const
export type Exhibit = keyof typeof EXHIBITS
export type Exhibits = Readonly<Record<Exhibit, string>>

export interface View {
  /** Of the picture's file. */
  readonly name: string
  /** Seen while there are no runs yet. */
  readonly empty?: boolean
  readonly path: (runs: Exhibits) => string
  /** Waits until what it must show is there. */
  readonly ready: (page: Page) => Promise<unknown>
}

const cells = (page: Page) => page.getByRole('grid').first().waitFor()

export const VIEWS: readonly View[] = [
  {
    name: 'invitation',
    empty: true,
    path: () => '/',
    ready: page => page.getByRole('list', { name: 'Studies' }).getByRole('link').first().waitFor(),
  },
  {
    name: 'studies',
    path: () => '/',
    ready: page => page.getByRole('list', { name: 'Studies' }).getByRole('link').first().waitFor(),
  },
  {
    name: 'form',
    path: () => '/new/time-patching',
    ready: page => page.getByRole('button', { name: 'Start run' }).and(page.locator(':enabled')).waitFor(),
  },
  { name: 'time-patching', path: ({ time }) => `/run/${time}`, ready: cells },
  { name: 'yes-no-steering', path: ({ steering }) => `/run/${steering}`, ready: cells },
  { name: 'neuron-ablation', path: ({ ablation }) => `/run/${ablation}`, ready: cells },
  { name: 'path-patching', path: ({ path }) => `/run/${path}`, ready: cells },
  {
    name: 'lines',
    path: ({ time }) => `/run/${time}?view=line`,
    ready: page => page.getByRole('figure').first().waitFor(),
  },
  {
    name: 'cell',
    path: ({ time }) => `/run/${time}?figure=recovered-resid&cell=28`,
    ready: page => page.getByRole('table', { name: 'Top tokens' }).waitFor(),
  },
  {
    name: 'attention',
    path: ({ time }) => `/run/${time}?figure=recovered-heads&cell=25&tab=attention`,
    ready: page =>
      page
        .getByRole('figure', { name: /, head \d+$/ })
        .first()
        .waitFor(),
  },
  {
    name: 'logit-lens',
    path: ({ time }) => `/run/${time}?figure=recovered-resid&cell=28&tab=lens`,
    ready: page => page.getByRole('tabpanel').getByRole('grid').first().waitFor(),
  },
  {
    name: 'neuron',
    path: ({ ablation }) => `/run/${ablation}?figure=layer-5&cell=0&tab=neuron`,
    ready: page => page.getByRole('table', { name: 'Promoted' }).waitFor(),
  },
  {
    name: 'export',
    path: ({ time }) => `/run/${time}`,
    ready: async page => {
      await page.getByRole('button', { name: 'Export residual stream' }).first().click()
      await page
        .getByRole('dialog')
        .getByRole('img', { name: /as it will be written/ })
        .waitFor()
    },
  },
  {
    name: 'compare',
    path: ({ time, otherTime }) => `/compare?runs=${time},${otherTime}&figure=recovered-heads&cell=4`,
    ready: page => page.getByRole('figure', { name: 'A − B' }).getByRole('grid').waitFor(),
  },
  {
    name: 'compare-choice',
    path: ({ time }) => `/compare?runs=${time}`,
    ready: page => page.getByRole('list', { name: 'Runs for B' }).getByRole('button').first().waitFor(),
  },
  {
    name: 'compare-refused',
    path: ({ time, otherTime }) => `/compare?runs=${time},${otherTime}&figure=recovered-resid`,
    ready: page => page.getByText('These figures cannot be compared.').waitFor(),
  },
  {
    name: 'side-by-side',
    path: ({ time, steering, ablation, path }) => `/watch?runs=${time},${steering},${ablation},${path}`,
    ready: cells,
  },
  {
    name: 'generate',
    path: () => '/generate',
    ready: page => page.getByRole('heading', { level: 1 }).waitFor(),
  },
  {
    name: 'doctor',
    path: () => '/doctor',
    ready: async page => {
      await page.getByRole('list', { name: 'Backends' }).getByText('in use').first().waitFor()
      await page
        .getByRole('list', { name: 'Number formats' })
        .getByRole('heading', { name: 'f32 in use', exact: true })
        .waitFor()
    },
  },
  {
    name: 'runs',
    path: () => '/runs',
    ready: page => page.getByRole('list', { name: 'Runs found' }).locator('img').first().waitFor(),
  },
  {
    name: 'new-study',
    path: () => '/',
    ready: async page => {
      await page.getByRole('button', { name: 'New study …' }).click()
      await page.getByRole('dialog').waitFor()
    },
  },
  {
    name: 'source',
    path: ({ path }) => `/run/${path}`,
    ready: async page => {
      await page.getByText('Source', { exact: true }).click()
      await page.getByText('A built-in study.').waitFor()
      await page.getByText('A built-in study.').scrollIntoViewIfNeeded()
    },
  },
  { name: 'lost', path: () => '/nowhere', ready: page => page.getByRole('heading', { level: 1 }).waitFor() },
]

const POLL_MS = 200

/** Starts all of the exhibits and waits until every one is done. */
export async function fillExhibits(origin: string): Promise<Exhibits> {
  const started: [string, string][] = []
  for (const [name, request] of Object.entries(EXHIBITS)) {
    const { id }: RunSummary = await ask(`${origin}/api/runs`, request)
    started.push([name, id])
  }
  for (;;) {
    const runs: RunSummary[] = await ask(`${origin}/api/runs`)
    const failed = runs.find(run => run.state === 'failed')
    if (failed !== undefined) throw new Error(`the run ${failed.id} failed`)
    if (started.every(([, id]) => runs.some(run => run.id === id && run.state === 'done'))) break
    await new Promise(resolve => setTimeout(resolve, POLL_MS))
  }
  const ids = new Map(started)
  const idOf = (name: Exhibit) => ids.get(name) ?? ''
  return {
    steering: idOf('steering'),
    ablation: idOf('ablation'),
    path: idOf('path'),
    time: idOf('time'),
    otherTime: idOf('otherTime'),
  }
}

async function ask<T>(url: string, body?: unknown): Promise<T> {
  const json = { 'content-type': 'application/json' }
  const how = body === undefined ? {} : { method: 'POST', headers: json, body: JSON.stringify(body) }
  const response = await fetch(url, how)
  if (!response.ok) throw new Error(`${url}: ${response.status} ${await response.text()}`)
  return (await response.json()) as T
}
