/** What every end-to-end test stands on: one browser and one server a file, fresh pages a test. */
import { fileURLToPath } from 'node:url'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, expect } from 'vitest'
import type { RunSummary } from '../../../studies/runs/events.ts'
import type { RunRequest } from '../../../studies/runs/workbench-types.ts'
import { launchBrowser, type OpenPage, openPage } from './browser.ts'
import { type Served, serve } from './server.ts'

export const SLOW_STUDY = fileURLToPath(new URL('../fixtures/slow-study.ts', import.meta.url))
/** The slow study's figure. */
export const FIGURE = 'Slow cells'

const POLL_MS = 50

type Params = NonNullable<RunRequest['params']>

export interface Stage {
  readonly origin: string
  served: Served
  /** Starts a run, of the slow study unless told otherwise, without the page, and waits for its end. */
  finishedRun(params?: Params, study?: string): Promise<string>
  /** Starts it and does not wait. */
  startedRun(params?: Params, study?: string): Promise<string>
  /** A page of its own profile; the test fails if it complains. */
  open(options?: BrowserContextOptions): Promise<Page>
}

/** Call at the top of a test file. `studies`: files to offer beside the built-in ones. */
export function setStage(studies: readonly string[] = [SLOW_STUDY]): Stage {
  let browser: Browser | undefined
  let served: Served | undefined
  let pages: OpenPage[] = []

  beforeAll(async () => {
    const [launched, started] = await Promise.all([launchBrowser(), serve({ studies })])
    browser = launched
    served = started
  })

  afterEach(async () => {
    const complaints = pages.flatMap(one => one.complaints)
    for (const one of pages) await one.page.context().close()
    pages = []
    expect(complaints).toEqual([])
  })

  afterAll(async () => {
    await browser?.close()
    await served?.remove()
  })

  const here = () => {
    if (served === undefined) throw new Error('the server has not started')
    return served
  }
  const ask = async (path: string, body?: unknown) => {
    const json = { 'content-type': 'application/json' }
    const how = body === undefined ? {} : { method: 'POST', headers: json, body: JSON.stringify(body) }
    const response = await fetch(`${here().origin}${path}`, how)
    return response.json()
  }
  return {
    get origin() {
      return here().origin
    },
    get served() {
      return here()
    },
    set served(next) {
      served = next
    },
    async startedRun(params = {}, study = 'slow') {
      const { id }: RunSummary = await ask('/api/runs', { study, params })
      return id
    },
    async finishedRun(params, study) {
      const id = await this.startedRun(params, study)
      for (;;) {
        const runs: RunSummary[] = await ask('/api/runs')
        if (runs.some(run => run.id === id && run.state === 'done')) return id
        await new Promise(resolve => setTimeout(resolve, POLL_MS))
      }
    },
    async open(options) {
      if (browser === undefined) throw new Error('the browser has not started')
      const opened = await openPage(browser, here().origin, options)
      pages.push(opened)
      return opened.page
    },
  }
}
