/**
 * The page while 131,072 cells arrive: how long its main thread is blocked, and what memory is left.
 * The real server, a study of the user's own, the real browser. Chromium's own trace gives every task
 * of the main thread with its wall time and its processor time; other load on the machine shows in
 * the first only.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { CDPSession, Page } from 'playwright-core'
import type { RunSummary } from '../../studies/runs/events.ts'
import { launchBrowser, openPage } from '../e2e/support/browser.ts'
import { serve } from '../e2e/support/server.ts'
import { mainThreadTasks, type Task, type TraceEvent } from './main-thread.ts'
import { type Bench, median, type Table } from './table.ts'

const STUDY = fileURLToPath(new URL('fixtures/wide-study.ts', import.meta.url))
/** 131,072 cells each: neurons of a 1B model, a figure with more rows than a screen has, and a group of panels. */
const SHAPES: readonly Shape[] = [
  { figures: 1, rows: 16, columns: 8192 },
  { figures: 1, rows: 512, columns: 256 },
  { figures: 16, rows: 32, columns: 256 },
]
/** What a reader notices; tasks above the first count as blocking, as in the browser's own metric. */
const LONG_MS = 50
const TOO_LONG_MS = 100
const SETTLE_MS = 1500
const PATIENCE_MS = 180_000
const MEGABYTE = 1e6

export const page: Bench = {
  name: 'page',
  async run({ progress }): Promise<Table[]> {
    progress('starting the server and the browser')
    const folder = mkdtempSync(join(tmpdir(), 'patchlight-bench-page-'))
    const [browser, served] = await Promise.all([launchBrowser(), serve({ studies: [STUDY] })])
    const rows: Record<string, string | number>[] = []
    try {
      for (const [i, shape] of SHAPES.entries()) {
        const name = `${shape.figures} × ${shape.rows} × ${shape.columns}`
        progress(`cells arrive: ${name}`)
        const opened = await openPage(browser, served.origin)
        opened.page.setDefaultTimeout(PATIENCE_MS)
        rows.push({ shape: name, ...(await measure(opened.page, served.origin, shape, join(folder, `gate-${i}`))) })
        if (opened.complaints.length > 0) throw new Error(`the page complained: ${opened.complaints.join('; ')}`)
        await opened.page.context().close()
      }
    } finally {
      await browser.close()
      await served.remove()
      rmSync(folder, { recursive: true, force: true })
    }
    return [
      {
        title: 'The page while 131,072 cells arrive',
        columns: [
          { key: 'shape', label: 'figures × rows × columns' },
          { key: 'arrivalS', label: 'arrival, s', digits: 1 },
          { key: 'longestMs', label: 'longest task, ms' },
          { key: 'longestCpuMs', label: 'its CPU, ms' },
          { key: 'blockingMs', label: 'blocking, ms' },
          { key: 'blockingCpuMs', label: 'of CPU, ms' },
          { key: 'over50', label: '> 50 ms' },
          { key: 'over100', label: '> 100 ms' },
          { key: 'over100Cpu', label: '> 100 ms CPU' },
          { key: 'busyCpuPercent', label: 'busy, %' },
          { key: 'medianMs', label: 'drawing task, ms', digits: 1 },
          { key: 'heapMb', label: 'heap after, MB', digits: 1 },
          { key: 'heapLaterMb', label: 'later', digits: 1 },
          { key: 'heapReloadedMb', label: 'reloaded', digits: 1 },
        ],
        rows,
        note:
          `Tasks of the renderer's main thread in Chromium's trace. Blocking: the part above ${LONG_MS} ms of every task. ` +
          'Drawing task: the median of those over 5 ms. Heap: JavaScript and its buffers after a collection; ' +
          'later: after the pointer has crossed the figure and the keyboard walked it.',
      },
    ]
  },
}

interface Shape {
  readonly figures: number
  readonly rows: number
  readonly columns: number
}

async function measure(page: Page, origin: string, shape: Shape, gate: string): Promise<Record<string, number>> {
  const run = await start(origin, { ...shape, gate })
  await page.goto(`${origin}/run/${run}`)
  await page.getByRole('grid', { name: 'Wide cells 0' }).waitFor()
  await page.waitForTimeout(SETTLE_MS)
  const devtools = await page.context().newCDPSession(page)

  const startedAt = performance.now()
  const events = await traced(devtools, async () => {
    writeFileSync(gate, '')
    await page.getByRole('status', { name: 'State' }).getByText('done', { exact: true }).waitFor()
    await page.waitForTimeout(SETTLE_MS)
  })
  const arrivalMs = performance.now() - startedAt - SETTLE_MS
  const tasks = mainThreadTasks(events)

  const heapMb = await heap(devtools)
  await visitCells(page)
  const heapLaterMb = await heap(devtools)
  await page.reload()
  const cells = (shape.rows * shape.columns).toLocaleString('en')
  await page.getByText(`${cells} / ${cells} cells`).last().waitFor()
  await page.waitForTimeout(SETTLE_MS)
  return {
    arrivalS: arrivalMs / 1000,
    ...figures(tasks, arrivalMs),
    heapMb,
    heapLaterMb,
    heapReloadedMb: await heap(devtools),
  }
}

function figures(tasks: readonly Task[], arrivalMs: number): Record<string, number> {
  const longest = tasks.reduce((most, task) => (task.ms > most.ms ? task : most), { ms: 0, cpuMs: 0 })
  const over = (limit: number, of: (task: Task) => number) => tasks.filter(task => of(task) > limit).length
  const blocking = (of: (task: Task) => number) => tasks.reduce((sum, task) => sum + Math.max(0, of(task) - LONG_MS), 0)
  const drawing = tasks.filter(task => task.cpuMs > 5).map(task => task.cpuMs)
  return {
    longestMs: longest.ms,
    longestCpuMs: Math.max(0, ...tasks.map(task => task.cpuMs)),
    blockingMs: blocking(task => task.ms),
    blockingCpuMs: blocking(task => task.cpuMs),
    over50: over(LONG_MS, task => task.ms),
    over100: over(TOO_LONG_MS, task => task.ms),
    over100Cpu: over(TOO_LONG_MS, task => task.cpuMs),
    busyCpuPercent: (100 * tasks.reduce((sum, task) => sum + task.cpuMs, 0)) / arrivalMs,
    medianMs: drawing.length === 0 ? 0 : median(drawing),
  }
}

async function start(origin: string, params: Readonly<Record<string, string | number>>): Promise<string> {
  const response = await fetch(`${origin}/api/runs`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ study: 'wide', params }),
  })
  const answer: RunSummary = await response.json()
  if (!response.ok) throw new Error(`the run did not start: ${JSON.stringify(answer)}`)
  return answer.id
}

/** What Chromium's trace holds of what `work` makes the page do. */
async function traced(devtools: CDPSession, work: () => Promise<void>): Promise<readonly TraceEvent[]> {
  const events: TraceEvent[] = []
  const collect = ({ value }: { value: object[] }) => {
    for (const event of value) events.push(event as TraceEvent)
  }
  devtools.on('Tracing.dataCollected', collect)
  await devtools.send('Tracing.start', {
    transferMode: 'ReportEvents',
    traceConfig: { includedCategories: ['devtools.timeline', 'disabled-by-default-devtools.timeline', 'toplevel'] },
  })
  await work()
  const complete = new Promise(resolve => devtools.once('Tracing.tracingComplete', resolve))
  await devtools.send('Tracing.end')
  await complete
  devtools.off('Tracing.dataCollected', collect)
  return events
}

/** Megabytes that are still held after a collection: JavaScript's objects and the buffers behind arrays. */
async function heap(devtools: CDPSession): Promise<number> {
  await devtools.send('HeapProfiler.enable')
  for (let i = 0; i < 3; i++) await devtools.send('HeapProfiler.collectGarbage')
  const used: Readonly<Record<string, number>> = { ...(await devtools.send('Runtime.getHeapUsage')) }
  await devtools.send('HeapProfiler.disable')
  return ((used.usedSize ?? 0) + (used.backingStorageSize ?? 0)) / MEGABYTE
}

/** What readers do once a figure stands. */
async function visitCells(page: Page): Promise<void> {
  const grid = page.getByRole('grid', { name: 'Wide cells 0' })
  const box = await grid.boundingBox()
  if (box === null) throw new Error('the figure has no area')
  for (let i = 0; i <= 40; i++) await page.mouse.move(box.x + (box.width * i) / 40, box.y + (box.height * i) / 41)
  await page.mouse.move(0, 0)
  await grid.focus()
  for (let i = 0; i < 40; i++) await page.keyboard.press(i % 2 === 0 ? 'ArrowRight' : 'ArrowDown')
  await page.waitForTimeout(SETTLE_MS)
}
