/**
 * What travels loses nothing that it should keep: a reader that takes a snapshot at any point, then
 * the rest in batches of any size, some of them twice, ends where the journal's own fold ends.
 */
import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { EventBody, JournalEvent } from '../../studies/runs/events.ts'
import { RunFold } from '../../studies/runs/fold.ts'
import { RunReader } from '../../ui/client/run-view.ts'
import { runDocument, wireBatch, wireSnapshot } from '../../ui/server/wire-form.ts'
import { MemoryWorkbench, rippleFigure } from '../support/memory-workbench.ts'

const COLUMNS = 6
const CELLS = 4 * COLUMNS

async function record() {
  const workbench = new MemoryWorkbench()
  const { id } = await workbench.start({ study: 'ripple', params: { pauseMs: 1e9 } })
  const snapshot = await workbench.snapshot(id)
  await workbench.close()
  return snapshot.record
}

const text = fc.string({ maxLength: 5 })
const count = fc.integer({ min: 0, max: 9 })
const value = fc.oneof(fc.float(), fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, -0))
const cells = fc
  .record({
    figure: fc.constantFrom('a', 'b'),
    first: fc.integer({ min: 0, max: CELLS - 1 }),
    size: count,
    marked: fc.boolean(),
  })
  .chain(({ figure, first, size, marked }) => {
    const length = Math.min(Math.max(1, size), CELLS - first)
    const exactly = { minLength: length, maxLength: length }
    return fc
      .record({ values: fc.array(value, exactly), marks: fc.array(fc.integer({ min: 0, max: 1 }), exactly) })
      .map(({ values, marks }): EventBody => ({ type: 'cells', figure, first, values, ...(marked ? { marks } : {}) }))
  })
const body: fc.Arbitrary<EventBody> = fc.oneof(
  { weight: 6, arbitrary: cells },
  fc.record({ type: fc.constant('state'), state: fc.constantFrom('queued', 'running', 'failed', 'cancelled', 'done') }),
  fc.constantFrom('a', 'b').map((id): EventBody => ({ type: 'figure', figure: { ...rippleFigure(4, COLUMNS), id } })),
  fc.record({ type: fc.constant('progress'), done: count, total: count, etaMs: fc.constant(null) }),
  fc.record({ type: fc.constant('note'), text }),
  fc.record({ type: fc.constant('summary'), values: fc.dictionary(fc.constantFrom('x', 'y'), count) }),
  fc.record({ type: fc.constant('error'), message: text }),
  fc
    .record({ id: fc.constantFrom('t', 'u'), title: text })
    .map(({ id, title }): EventBody => ({ type: 'table', table: { id, title, columns: [], rows: [], caption: '' } })),
)

it('a snapshot and batches say what the journal says', async () => {
  const run = await record()
  fc.assert(
    fc.property(fc.array(body, { minLength: 1, maxLength: 40 }), fc.array(count), count, (bodies, sizes, start) => {
      const events = bodies.map((event, seq): JournalEvent => ({ seq, t: seq, ...event }))
      const from = Math.min(start, events.length)
      const reader = new RunReader(run.id, wireSnapshot(new RunFold(run, events.slice(0, from)).snapshot()))
      let at = from
      for (const size of [...sizes, events.length]) {
        // Some batches begin with what the reader has already.
        const [first, ...rest] = events.slice(Math.max(0, at - (size % 3)), at + size)
        if (first === undefined || size === 0 || at >= events.length) continue
        const batch = wireBatch(run.id, [first, ...rest])
        expect(reader.apply(batch)).toBe('applied')
        expect(reader.apply(batch)).toBe('seen')
        at = batch.to + 1
        reader.view()
      }
      const { figures, ...view } = reader.view()
      const { figures: folded, ...expected } = new RunFold(run, events).snapshot()
      expect(view).toEqual({ ...expected, run: run.id })
      expect([...figures.values()].map(({ spec, values, marks }) => ({ spec, values, marks }))).toEqual(
        folded.map(({ spec, values, marks }) => ({ spec, values: Float32Array.from(values), marks })),
      )
    }),
    { numRuns: 300 },
  )
})

it('a batch that starts too late is a gap and changes nothing', async () => {
  const run = await record()
  const reader = new RunReader(run.id, wireSnapshot(new RunFold(run).snapshot()))
  const before = reader.view()
  expect(reader.apply(wireBatch(run.id, [{ seq: 1, t: 0, type: 'note', text: 'late' }]))).toBe('gap')
  expect(reader.view()).toEqual(before)
})

it('a view keeps what did not change and replaces what did', async () => {
  const run = await record()
  const figure = (id: string): EventBody => ({ type: 'figure', figure: { ...rippleFigure(1, 2), id } })
  const events = [figure('a'), figure('b')].map((event, seq): JournalEvent => ({ seq, t: 0, ...event }))
  const reader = new RunReader(run.id, wireSnapshot(new RunFold(run, events).snapshot()))
  const before = reader.view()
  reader.apply(wireBatch(run.id, [{ seq: 2, t: 0, type: 'cells', figure: 'a', first: 1, values: [3] }]))
  const after = reader.view()
  expect(after.figures.get('b')).toBe(before.figures.get('b'))
  expect(after.figures.get('a')?.values).not.toBe(before.figures.get('a')?.values)
  expect([...(before.figures.get('a')?.values ?? [])]).toEqual([Number.NaN, Number.NaN])
  expect([...(after.figures.get('a')?.values ?? [])]).toEqual([Number.NaN, 3])
})

it('JSON has null where there is no number', async () => {
  const run = await record()
  const events: JournalEvent[] = [
    { seq: 0, t: 0, type: 'figure', figure: rippleFigure(1, 3) },
    { seq: 1, t: 0, type: 'cells', figure: 'ripple', first: 0, values: [0.1, Number.NaN, Number.NEGATIVE_INFINITY] },
  ]
  const document = runDocument(new RunFold(run, events).snapshot())
  expect(JSON.parse(JSON.stringify(document)).figures[0]).toMatchObject({ values: [0.1, null, null], marks: [0, 0, 0] })
})
