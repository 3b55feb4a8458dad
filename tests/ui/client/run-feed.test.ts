/** The client's half of the socket protocol, against the real server. */
import { afterEach, beforeEach, expect, it } from 'vitest'
import { RunFeed } from '../../../ui/client/run-feed.ts'
import { NOTIFY_MS, RunWatch } from '../../../ui/client/run-watch.ts'
import { type RunningServer, startServer } from '../../../ui/server/start.ts'
import { wireBatch, wireSnapshot } from '../../../ui/server/wire-form.ts'
import { MemoryWorkbench, ripple, rippleFigure } from '../../support/memory-workbench.ts'
import { until } from '../../support/until.ts'

let workbench: MemoryWorkbench
let server: RunningServer
let feeds: RunFeed[]

function feed(): RunFeed {
  const made = new RunFeed({ url: server.url })
  feeds.push(made)
  return made
}

async function start(params: Readonly<Record<string, number>>): Promise<string> {
  return (await workbench.start({ study: 'ripple', params })).id
}

/** Cells of the figure that have a value. */
function known(watch: RunWatch): number {
  return watch.view?.figures.get('ripple')?.values.filter(value => !Number.isNaN(value)).length ?? 0
}

/** Figures as they are shown: specs, values and marks. */
function cellsOf(watch: RunWatch) {
  return [...(watch.view?.figures.values() ?? [])].map(({ spec, values, marks }) => ({ spec, values, marks }))
}

beforeEach(async () => {
  workbench = new MemoryWorkbench()
  server = await startServer({ workbench, port: 0 })
  feeds = []
})

afterEach(async () => {
  for (const made of feeds) made.close()
  await server.close()
  await workbench.close()
})

it('shows cells before the run ends, and all of them at its end, the same to two clients', async () => {
  const run = await start({ rows: 30, columns: 20, pauseMs: 15 })
  const [one, two] = [feed().watch(run), feed().watch(run)]
  const filled: number[] = []
  one.subscribe(() => filled.push(known(one)))
  await until(() => one.view?.state === 'done' && two.view?.state === 'done')
  expect(filled.some(cells => cells > 0 && cells < 600)).toBe(true)
  expect(filled).toEqual(filled.toSorted((a, b) => a - b))
  const values = one.view?.figures.get('ripple')?.values ?? []
  expect([...values]).toEqual(Array.from({ length: 600 }, (_, i) => Math.fround(ripple(Math.floor(i / 20), i % 20))))
  // A revision counts a client's own batches, which each may have received differently cut.
  expect({ ...two.view, figures: cellsOf(two) }).toEqual({ ...one.view, figures: cellsOf(one) })
  expect(one.view).toMatchObject({ run, summary: { cells: 600 }, progress: { done: 600, total: 600 }, error: null })
})

it('loses nothing when the server goes and comes back', async () => {
  const run = await start({ rows: 60, columns: 4, pauseMs: 15 })
  const one = feed()
  const statuses: string[] = []
  one.onStatus(() => statuses.push(one.status))
  const watch = one.watch(run)
  await until(() => (watch.view?.progress?.done ?? 0) > 8)
  const { port } = server
  await server.close()
  await until(() => one.status === 'offline')
  server = await startServer({ workbench, port })
  await until(() => watch.view?.state === 'done')
  expect(watch.view?.figures.get('ripple')?.values.every(value => !Number.isNaN(value))).toBe(true)
  expect(statuses.slice(0, 3)).toEqual(['live', 'offline', 'live'])
})

it('takes the journal for the truth where it lost its end', async () => {
  const run = await start({ pauseMs: 1e9 })
  const watch = feed().watch(run)
  workbench.journal(run, { type: 'note', text: 'kept' })
  workbench.journal(run, { type: 'note', text: 'torn' })
  await until(() => watch.view?.notes.length === 2)
  const { port } = server
  await server.close()
  workbench.tear(run, 1)
  server = await startServer({ workbench, port })
  await until(() => watch.view?.notes.length === 1)
  expect(watch.view?.notes).toEqual(['kept'])
})

it('shows a run of sixty figures, from its snapshot and from one batch', async () => {
  const run = await start({ pauseMs: 1e9 })
  const declare = (first: number) => {
    for (let i = first; i < first + 30; i++) {
      const id = `figure-${i}`
      workbench.journal(run, { type: 'figure', figure: { ...rippleFigure(2, 2), id } })
      workbench.journal(run, { type: 'cells', figure: id, first: 1, values: [i], marks: [i % 2] })
    }
  }
  declare(0)
  const watch = feed().watch(run)
  await until(() => watch.view !== null)
  declare(30)
  await until(() => watch.view?.figures.size === 61)
  const figures = Array.from({ length: 60 }, (_, i) => watch.view?.figures.get(`figure-${i}`))
  expect(figures.map(figure => [figure?.values[1], figure?.marks[1]])).toEqual(figures.map((_, i) => [i, i % 2]))
})

it('follows a run through cancel and resume', async () => {
  const run = await start({ rows: 20, columns: 4, pauseMs: 20 })
  const watch = feed().watch(run)
  await until(() => (watch.view?.progress?.done ?? 0) > 8)
  await workbench.cancel(run)
  await until(() => watch.view?.state === 'cancelled')
  expect(known(watch)).toBeLessThan(80)
  await workbench.resume(run)
  await until(() => watch.view?.state === 'done')
  expect(watch.view?.figures.get('ripple')?.values.every(value => !Number.isNaN(value))).toBe(true)
})

it('says what is wrong with a run that is not there, and hears of runs that come and go', async () => {
  const one = feed()
  const heard: string[] = []
  one.onRuns((changed, removed) => heard.push(...changed.map(({ id }) => `+${id}`), ...removed.map(id => `-${id}`)))
  const watch = one.watch('run-999')
  await until(() => watch.problem !== null)
  expect(watch.problem).toMatch(/^run run-999: not found/)
  expect(watch.view).toBe(null)
  const run = await start({ pauseMs: 1e9 })
  await until(() => heard.includes(`+${run}`))
  workbench.remove(run)
  await until(() => heard.includes(`-${run}`))
})

it('shares one stream between holders, and tells nobody after the last has closed', async () => {
  const run = await start({ pauseMs: 1e9 })
  const one = feed()
  const [first, second] = [one.watch(run), one.watch(run)]
  expect(first).toBe(second)
  await until(() => first.view !== null)
  first.close()
  workbench.journal(run, { type: 'note', text: 'still' })
  await until(() => second.view?.notes.length === 1)
  let told = 0
  second.subscribe(() => told++)
  second.close()
  workbench.journal(run, { type: 'note', text: 'gone' })
  const again = one.watch(run)
  await until(() => again.view?.notes.length === 2)
  expect(told).toBe(0)
})

it('asks once about a gap, from what it lacks, and goes on with the answer', async () => {
  const run = await start({ pauseMs: 1e9 })
  const asked: number[] = []
  const watch = new RunWatch(
    run,
    from => asked.push(from),
    () => {},
  )
  const note = (seq: number) => wireBatch(run, [{ seq, t: 0, type: 'note', text: `note ${seq}` }])
  watch.snapshot(wireSnapshot(await workbench.snapshot(run)))
  watch.batch(note(5))
  watch.batch(note(6))
  expect(asked).toEqual([3])
  for (const seq of [3, 4, 5]) watch.batch(note(seq))
  watch.batch(note(9))
  expect(asked).toEqual([3, 6])
  await until(() => watch.view?.notes.length === 3)
  watch.ended()
})

it('tells its listeners far less often than batches come, and of the last change', async () => {
  const run = await start({ pauseMs: 1e9 })
  const watch = new RunWatch(
    run,
    () => {},
    () => {},
  )
  watch.snapshot(wireSnapshot(await workbench.snapshot(run)))
  let told = 0
  watch.subscribe(() => told++)
  const beganAt = performance.now()
  for (let seq = 3; seq < 103; seq++) {
    watch.batch(wireBatch(run, [{ seq, t: 0, type: 'note', text: `note ${seq}` }]))
    await new Promise(resolve => setTimeout(resolve, 3))
  }
  await until(() => watch.view?.seq === 102)
  expect(told).toBeLessThanOrEqual((performance.now() - beganAt) / NOTIFY_MS + 2)
  watch.ended()
})
