/**
 * Every view of the page in both themes, looked at by axe in the real browser: nothing serious or
 * critical. What axe cannot see (that the keyboard reaches everything) the other tests hold.
 */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { AxeResults } from 'axe-core'
import type { Page } from 'playwright-core'
import { beforeAll, describe, expect, it } from 'vitest'
import { setStage } from './support/setup.ts'
import { type Exhibits, fillExhibits, VIEWS, type View } from './support/views.ts'

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const THEMES = ['light', 'dark'] as const
const NO_RUNS: Exhibits = { steering: '', ablation: '', path: '', time: '', otherTime: '' }

const stage = setStage([])
let runs = NO_RUNS

/** The rules that are broken, with where. */
async function violations(page: Page): Promise<string[]> {
  await page.evaluate(AXE)
  // By name: types of the page's globals are not this file's. Axe's own choice of rules: all that are not experiments.
  const results: AxeResults = await page.evaluate('axe.run(document, { resultTypes: ["violations"] })')
  return results.violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, help, nodes }) =>
      nodes.map(node => `${id}: ${help}: ${node.target.join(' ')}: ${node.html.slice(0, 160)} ${node.failureSummary}`),
    )
}

async function check(view: View, theme: (typeof THEMES)[number]): Promise<void> {
  const page = await stage.open({ colorScheme: theme, reducedMotion: 'reduce' })
  await page.goto(`${stage.origin}${view.path(runs)}`)
  await view.ready(page)
  await page.waitForLoadState('networkidle')
  expect(await violations(page)).toEqual([])
}

const THEMED = (views: readonly View[]) => views.flatMap(view => THEMES.map(theme => [view.name, theme, view] as const))

describe('before the first run', () => {
  it.each(THEMED(VIEWS.filter(({ empty }) => empty === true)))('%s, %s', (_name, theme, view) => check(view, theme))
})

describe('with runs', () => {
  beforeAll(async () => {
    runs = await fillExhibits(stage.origin)
  })

  it.each(THEMED(VIEWS.filter(({ empty }) => empty !== true)))('%s, %s', (_name, theme, view) => check(view, theme))
})
