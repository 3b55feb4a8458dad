/** What a study's own code may hand over: nothing that the journal could not keep, nothing too large to be looked at. */
import { describe, expect, it, vi } from 'vitest'
import type { Model } from '../../../engine/model.ts'
import type { FigureSpec, TableSpec } from '../../../studies/figure.ts'
import { MAX_CELLS } from '../../../studies/runs/event-schema.ts'
import type { EventBody } from '../../../studies/runs/events.ts'
import { decodeLine, encodeEvent } from '../../../studies/runs/journal.ts'
import { RunContext } from '../../../studies/runs/study-context.ts'
import { FIGURE_EVENT } from './support.ts'

const FIGURE: FigureSpec = FIGURE_EVENT.type === 'figure' ? FIGURE_EVENT.figure : ({} as FigureSpec)
const TABLE: TableSpec = {
  id: 't',
  title: 'T',
  columns: [{ key: 'a', label: 'a', kind: 'number' }],
  rows: [{ a: 1 }],
  caption: 'A table.',
}

function contextOf() {
  const events: EventBody[] = []
  const context = new RunContext({
    model: {} as Model,
    params: {},
    seed: 0,
    memoryBytes: 0,
    signal: new AbortController().signal,
    resumed: [],
    emit: bodies => events.push(...bodies),
  })
  return { context, events }
}

/** A study is not type-checked before it runs. */
const wrongly = <T>(value: unknown) => value as T
const ticks = (count: number) => Array.from({ length: count }, () => '')

describe('a study that hands over what is none', () => {
  it.each<[string, (context: ReturnType<typeof contextOf>['context']) => void, RegExp]>([
    [
      'a value that is missing',
      context => context.figure(FIGURE).set(2, wrongly<number>(undefined)),
      /^figure f, cell 2: expected a number \(NaN for no value\), got undefined$/,
    ],
    ['a value that is text', context => context.figure(FIGURE).set(0, wrongly<number>('0.5')), /cell 0: .*, got 0\.5$/],
    [
      'a figure without a caption',
      context => context.figure(wrongly<FigureSpec>({ ...FIGURE, caption: undefined })),
      /^figure "f": figure\.caption: .*expected string/,
    ],
    [
      'an axis of numbers',
      context => context.figure(wrongly<FigureSpec>({ ...FIGURE, x: { ...FIGURE.x, ticks: [1, 2] } })),
      /^figure "f": figure\.x\.ticks\.0: /,
    ],
    [
      'a row with an object',
      context => context.table(wrongly<TableSpec>({ ...TABLE, rows: [{ a: 1 }, { a: {} }] })),
      /^table "t": table\.rows\.1\.a: expected a text, a number, or null for none$/,
    ],
    [
      'more rows than anybody reads',
      context => context.table({ ...TABLE, rows: Array.from({ length: 10_001 }, () => ({ a: 1 })) }),
      /^table "t": table\.rows: expected at most 10000 rows; a figure holds more$/,
    ],
    ['progress that is no number', context => context.progress(Number.NaN, 3), /^progress: done: /],
    ['a note that is none', context => context.note(wrongly<string>(undefined)), /^note: text: /],
    [
      'a summary with a list',
      context => context.summary(wrongly<Record<string, number>>({ best: [1] })),
      /^summary: values\.best: expected a text, a number/,
    ],
  ])('%s: one sentence that says where, and nothing is journaled', (_what, hand, message) => {
    const { context, events } = contextOf()
    expect(() => hand(context)).toThrow(message)
    context.finish()
    expect(events.filter(({ type }) => type !== 'figure')).toEqual([])
  })

  it('figures that no memory holds are refused before they are made, one or many together', () => {
    const { context } = contextOf()
    const half = { ...FIGURE, x: { ...FIGURE.x, ticks: ticks(MAX_CELLS / 2) }, y: { ...FIGURE.y, ticks: ['0'] } }
    context.figure(half)
    context.figure({ ...half, id: 'g' })
    expect(() => context.figure({ ...FIGURE, id: 'h' })).toThrow(
      /^figure "h": a run holds at most 500 figures of 8,388,608 cells together, and would have 3 of 8,388,612/,
    )
  })

  it('what passes is in the journal as it was told', () => {
    const { context, events } = contextOf()
    context.figure(FIGURE).set(0, Number.NaN)
    context.table({ ...TABLE, rows: [{ a: Number.NaN }, { a: Number.POSITIVE_INFINITY }, { a: 'x' }] })
    context.summary({ best: Number.NaN })
    context.progress(1, 1)
    context.finish()
    expect(events.map(({ type }) => type)).toEqual(['figure', 'cells', 'table', 'summary', 'progress'])
    for (const [seq, body] of events.entries()) {
      const event = { seq, t: 0, ...body }
      expect(decodeLine(encodeEvent(event))).toEqual(event)
    }
  })
})

describe('progress that is told faster than it is sent', () => {
  const told = (events: readonly EventBody[]) => events.flatMap(body => (body.type === 'progress' ? [body.done] : []))

  it('goes out with the next flush, after the cells that it counts', async () => {
    const { context, events } = contextOf()
    const figure = context.figure(FIGURE)
    for (const done of [1, 2, 3]) {
      figure.set(done - 1, done)
      context.progress(done, 100)
    }
    expect(told(events)).toEqual([1])
    await context.flush()
    expect(events.at(-1)).toMatchObject({ type: 'progress', done: 3 })
    context.finish()
    expect(told(events)).toEqual([1, 3])
  })

  it('goes out by itself where the study does not flush, and not once more when it ends', async () => {
    const { context, events } = contextOf()
    for (const done of [1, 2, 3]) context.progress(done, 100)
    await vi.waitFor(() => expect(told(events)).toEqual([1, 3]))
    context.progress(4, 100)
    context.finish()
    expect(told(events)).toEqual([1, 3, 4])
  })
})
