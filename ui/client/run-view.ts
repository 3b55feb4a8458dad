/**
 * A run as a reader holds it: a snapshot and the batches after it, applied in order. `RunState`
 * changes in place as cells arrive; `view()` hands out an immutable picture of it whose unchanged
 * parts keep their identity, and whose changed figures have new arrays (drawing and React compare by
 * identity, and a copy of 131,072 floats ten times a second costs nothing).
 */
import { cellCount, type FigureSpec, type TableSpec } from '../../studies/figure.ts'
import type { RunId, RunRecord, RunState } from '../../studies/runs/events.ts'
import type { Batch, WireCells, WireEvent, WireSnapshot } from '../wire.ts'
import { ByteReader } from './byte-reader.ts'

export interface FigureView {
  readonly spec: FigureSpec
  /** One value a cell, row-major; NaN where there is none (yet). */
  readonly values: Float32Array // [y.ticks.length · x.ticks.length]
  /** One mark a cell: 0 for none, else an index into `spec.marks` plus one. */
  readonly marks: Uint8Array // [y.ticks.length · x.ticks.length]
  /** Grows with every change of this figure. */
  readonly revision: number
}

export interface RunView {
  readonly run: RunId
  readonly record: RunRecord
  readonly state: RunState
  /** The last event in this view. */
  readonly seq: number
  /** By figure id, in the order in which they were declared. */
  readonly figures: ReadonlyMap<string, FigureView>
  readonly tables: readonly TableSpec[]
  readonly notes: readonly string[]
  readonly summary: Readonly<Record<string, number | string>>
  readonly progress: { readonly done: number; readonly total: number; readonly etaMs: number | null } | null
  readonly error: string | null
}

interface HeldFigure {
  spec: FigureSpec
  values: Float32Array // [cells]
  marks: Uint8Array // [cells]
  revision: number
  /** The view handed out last; undefined once a cell has changed since. */
  shown: FigureView | undefined
}

/** `gap`: events are missing, and the run must be watched again from `seq + 1`. */
export type Applied = 'applied' | 'seen' | 'gap'

export class RunReader {
  #view: Omit<RunView, 'figures'>
  #figures = new Map<string, HeldFigure>()

  constructor(run: RunId, snapshot: WireSnapshot) {
    this.#view = fields(run, snapshot)
    this.reset(snapshot)
  }

  get seq(): number {
    return this.#view.seq
  }

  /** Takes a fresh snapshot's state instead of what was there; revisions go on growing. */
  reset(snapshot: WireSnapshot): void {
    const before = this.#figures
    this.#view = fields(this.#view.run, snapshot)
    this.#figures = new Map()
    const bytes = new ByteReader(snapshot.bytes)
    for (const spec of snapshot.figures) {
      const values = bytes.floats(cellCount(spec))
      const marks = bytes.bytes(cellCount(spec))
      const revision = (before.get(spec.id)?.revision ?? 0) + 1
      this.#figures.set(spec.id, { spec, values, marks, revision, shown: undefined })
    }
  }

  /** Applies what this reader lacks of a batch; a batch that starts too late changes nothing. */
  apply(batch: Batch): Applied {
    if (batch.to <= this.seq) return 'seen'
    if (batch.from > this.seq + 1) return 'gap'
    const bytes = new ByteReader(batch.bytes)
    for (const event of batch.events) {
      // Numbers are taken also of an event that is not needed: what follows stands behind them.
      if (event.type === 'cells') this.#cells(event, bytes)
      else if (event.seq > this.seq) this.#event(event)
    }
    this.#view = { ...this.#view, seq: batch.to }
    return 'applied'
  }

  view(): RunView {
    const figures = new Map<string, FigureView>()
    for (const [id, held] of this.#figures) {
      held.shown ??= {
        spec: held.spec,
        values: held.values.slice(),
        marks: held.marks.slice(),
        revision: held.revision,
      }
      figures.set(id, held.shown)
    }
    return { ...this.#view, figures }
  }

  #event(event: Exclude<WireEvent, WireCells>): void {
    const view = this.#view
    switch (event.type) {
      case 'state':
        // A run that is tried again has not failed yet.
        this.#view = { ...view, state: event.state, error: event.state === 'queued' ? null : view.error }
        return
      case 'figure':
        this.#declare(event.figure)
        return
      case 'table':
        this.#view = { ...view, tables: replaced(view.tables, event.table) }
        return
      case 'progress':
        this.#view = { ...view, progress: { done: event.done, total: event.total, etaMs: event.etaMs } }
        return
      case 'note':
        // A resumed run says again what it said before.
        if (!view.notes.includes(event.text)) this.#view = { ...view, notes: [...view.notes, event.text] }
        return
      case 'summary':
        this.#view = { ...view, summary: { ...view.summary, ...event.values } }
        return
      case 'error':
        this.#view = { ...view, error: event.message }
    }
  }

  /** A resumed run declares its figures again: their cells stay. */
  #declare(spec: FigureSpec): void {
    const held = this.#figures.get(spec.id)
    const cells = cellCount(spec)
    const same = held !== undefined && held.values.length === cells
    this.#figures.set(spec.id, {
      spec,
      values: same ? held.values : new Float32Array(cells).fill(Number.NaN),
      marks: same ? held.marks : new Uint8Array(cells),
      revision: (held?.revision ?? 0) + 1,
      shown: undefined,
    })
  }

  #cells({ seq, figure, first, count, marked }: WireCells, bytes: ByteReader): void {
    const values = bytes.floats(count)
    const marks = marked ? bytes.bytes(count) : new Uint8Array(count)
    const held = this.#figures.get(figure)
    if (held === undefined || seq <= this.seq) return
    const room = Math.max(0, held.values.length - first)
    held.values.set(values.subarray(0, room), first)
    held.marks.set(marks.subarray(0, room), first)
    held.revision += 1
    held.shown = undefined
  }
}

function fields(run: RunId, snapshot: WireSnapshot): Omit<RunView, 'figures'> {
  const { record, state, seq, tables, notes, summary, progress, error } = snapshot
  return { run, record, state, seq, tables, notes, summary, progress, error }
}

function replaced(tables: readonly TableSpec[], table: TableSpec): readonly TableSpec[] {
  const known = tables.some(other => other.id === table.id)
  return known ? tables.map(other => (other.id === table.id ? table : other)) : [...tables, table]
}
