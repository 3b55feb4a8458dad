/** A run's state as its events make it: apply them in order and ask for a snapshot at any time. */
import { cellCount, type FigureSpec, type TableSpec } from '../figure.ts'
import type { JournalEvent, RunRecord, RunSnapshot, RunState } from './events.ts'

/** A figure with what is known of its cells. */
export interface FoldedFigure {
  spec: FigureSpec
  readonly values: Float64Array
  readonly marks: Uint8Array
  /** 1 where a cell was journaled, NaN cells included. */
  readonly known: Uint8Array
}

export function emptyFigure(spec: FigureSpec): FoldedFigure {
  const cells = cellCount(spec)
  return {
    spec,
    values: new Float64Array(cells).fill(Number.NaN),
    marks: new Uint8Array(cells),
    known: new Uint8Array(cells),
  }
}

export class RunFold {
  readonly record: RunRecord
  state: RunState = 'queued'
  seq = -1
  readonly figures = new Map<string, FoldedFigure>()
  readonly #tables = new Map<string, TableSpec>()
  readonly #notes: string[] = []
  #summary: Record<string, number | string> = {}
  progress: RunSnapshot['progress'] = null
  #error: string | null = null

  constructor(record: RunRecord, events: readonly JournalEvent[] = []) {
    this.record = record
    for (const event of events) this.apply(event)
  }

  apply(event: JournalEvent): void {
    this.seq = event.seq
    switch (event.type) {
      case 'state':
        this.state = event.state
        if (event.state === 'queued') this.#error = null
        break
      case 'figure': {
        const known = this.figures.get(event.figure.id)
        if (known !== undefined && known.values.length === cellCount(event.figure)) known.spec = event.figure
        else this.figures.set(event.figure.id, emptyFigure(event.figure))
        break
      }
      case 'cells': {
        const figure = this.figures.get(event.figure)
        if (figure === undefined) break
        event.values.forEach((value, i) => {
          const index = event.first + i
          figure.values[index] = value
          figure.marks[index] = event.marks?.[i] ?? 0
          figure.known[index] = 1
        })
        break
      }
      case 'table':
        this.#tables.set(event.table.id, event.table)
        break
      case 'progress':
        this.progress = { done: event.done, total: event.total, etaMs: event.etaMs }
        break
      case 'note':
        if (!this.#notes.includes(event.text)) this.#notes.push(event.text)
        break
      case 'summary':
        this.#summary = { ...this.#summary, ...event.values }
        break
      case 'error':
        this.#error = event.message
        break
    }
  }

  /** Marks the run failed where that could not be journaled. */
  fail(message: string): void {
    this.state = 'failed'
    this.#error = message
  }

  /** A copy: later events do not change it. */
  snapshot(): RunSnapshot {
    return {
      record: this.record,
      state: this.state,
      seq: this.seq,
      figures: [...this.figures.values()].map(({ spec, values, marks }) => ({
        spec,
        values: values.slice(),
        marks: marks.slice(),
      })),
      tables: [...this.#tables.values()],
      notes: [...this.#notes],
      summary: { ...this.#summary },
      progress: this.progress,
      error: this.#error,
    }
  }
}
