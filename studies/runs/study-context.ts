/**
 * What a study sees of the world while it runs, inside the engine's process: figures that remember
 * what was journaled before, and a way out for events. Between two slices, `flush` lets the event
 * loop turn, which is when a cancel gets in.
 */
import { setImmediate as turn } from 'node:timers/promises'
import { StudyError } from '../../engine/errors.ts'
import type { Model } from '../../engine/model.ts'
import { cellCount, type FigureSpec, type TableSpec } from '../figure.ts'
import type { ParamSchema, ParamsOf } from '../params.ts'
import type { FigureSink, StudyContext } from '../study.ts'
import { CellBatch } from './cell-batch.ts'
import { bodyProblem, MAX_CELLS, MAX_FIGURES } from './event-schema.ts'
import type { EventBody } from './events.ts'
import { emptyFigure, type FoldedFigure } from './fold.ts'
import { PROGRESS_EVERY_MS, type ResumedFigure } from './protocol.ts'

const FIGURE_ID = /^[a-zA-Z0-9-]+$/

export interface ContextOptions<S extends ParamSchema> {
  readonly model: Model
  readonly params: ParamsOf<S>
  readonly seed: number
  readonly memoryBytes: number
  readonly signal: AbortSignal
  readonly resumed: readonly ResumedFigure[]
  readonly emit: (events: readonly EventBody[]) => void
}

/** Whether two specs have the same cells: then journaled ones may be kept. */
function sameCells(a: FigureSpec, b: FigureSpec): boolean {
  const axes = (spec: FigureSpec) => JSON.stringify([spec.x.kind, spec.x.ticks, spec.y.kind, spec.y.ticks])
  return axes(a) === axes(b) && a.metric === b.metric && a.unit === b.unit
}

/** A user's own study is not type-checked before it runs: what it hands over may be anything. @throws StudyError */
function checkBody(where: string, body: object): void {
  const problem = bodyProblem(body)
  if (problem !== null) throw new StudyError(`${where}: ${problem}`)
}

/** What the journal makes of a row: JSON has no NaN. */
function withoutNaN(row: TableSpec['rows'][number]): TableSpec['rows'][number] {
  const finite = (value: string | number | null) =>
    typeof value === 'number' && !Number.isFinite(value) ? null : value
  return Object.fromEntries(Object.entries(row).map(([key, value]) => [key, finite(value)]))
}

export class RunContext<S extends ParamSchema> implements StudyContext<S> {
  readonly model: Model
  readonly params: ParamsOf<S>
  readonly seed: number
  readonly memoryBytes: number
  readonly signal: AbortSignal
  readonly #emit: (events: readonly EventBody[]) => void
  readonly #batch: CellBatch
  readonly #resumed: Map<string, ResumedFigure>
  readonly #declared = new Set<string>()
  #cells = 0
  #begun: { readonly done: number; readonly atMs: number } | null = null
  #unsentProgress: EventBody | null = null
  #progressSentMs = Number.NEGATIVE_INFINITY
  #progressTimer: NodeJS.Timeout | null = null

  constructor(options: ContextOptions<S>) {
    this.model = options.model
    this.params = options.params
    this.seed = options.seed
    this.memoryBytes = options.memoryBytes
    this.signal = options.signal
    this.#emit = options.emit
    this.#resumed = new Map(options.resumed.map(figure => [figure.spec.id, figure]))
    this.#batch = new CellBatch(blocks => options.emit(blocks.map(block => ({ type: 'cells', ...block }))))
  }

  figure(spec: FigureSpec): FigureSink {
    const where = `figure ${JSON.stringify(spec.id)}`
    checkBody(where, { type: 'figure', figure: spec })
    if (!FIGURE_ID.test(spec.id)) throw new StudyError(`${where}: expected an id of letters, digits and hyphens`)
    if (this.#declared.has(spec.id)) throw new StudyError(`${where}: it was declared before; ids are unique in a run`)
    if (cellCount(spec) === 0) throw new StudyError(`${where}: expected ticks on both axes, got a figure without cells`)
    this.#declared.add(spec.id)
    this.#cells += cellCount(spec)
    if (this.#cells > MAX_CELLS || this.#declared.size > MAX_FIGURES) {
      throw new StudyError(
        `${where}: a run holds at most ${MAX_FIGURES} figures of ${MAX_CELLS.toLocaleString('en')} cells together, ` +
          `and would have ${this.#declared.size} of ${this.#cells.toLocaleString('en')} with this one; ask for less in one run`,
      )
    }
    const before = this.#resumed.get(spec.id)
    if (before !== undefined && !sameCells(before.spec, spec)) {
      throw new StudyError(
        `${where}: its axes or its metric differ from what this run journaled before; start a new run`,
      )
    }
    // Declared again only where something changed: events are forever.
    if (JSON.stringify(before?.spec) !== JSON.stringify(spec)) this.#send({ type: 'figure', figure: spec })
    return new RunFigure(spec, before ?? emptyFigure(spec), this.#batch)
  }

  table(table: TableSpec): void {
    checkBody(`table ${JSON.stringify(table.id)}`, { type: 'table', table })
    this.#send({ type: 'table', table: { ...table, rows: table.rows.map(withoutNaN) } })
  }

  progress(done: number, total: number): void {
    checkBody('progress', { type: 'progress', done, total, etaMs: null })
    const now = performance.now()
    this.#begun ??= { done, atMs: now }
    const did = done - this.#begun.done
    const etaMs = did > 0 ? Math.round(((now - this.#begun.atMs) * (total - done)) / did) : null
    this.#unsentProgress = { type: 'progress', done, total, etaMs }
    const waitMs = this.#progressSentMs + PROGRESS_EVERY_MS - now
    if (done >= total || waitMs <= 0) this.#sendProgress()
    // What is held back must not stay so while the study works long and silently.
    else this.#progressTimer ??= setTimeout(() => this.#sendProgress(), waitMs).unref()
  }

  note(text: string): void {
    checkBody('note', { type: 'note', text })
    this.#send({ type: 'note', text })
  }

  summary(values: Readonly<Record<string, number | string>>): void {
    checkBody('summary', { type: 'summary', values })
    this.#send({ type: 'summary', values })
  }

  async flush(): Promise<void> {
    this.#batch.flush()
    // No timer could fire while the next slice computes.
    this.#sendProgress()
    await turn()
    this.signal.throwIfAborted()
  }

  /** Sends what is left, when the study has ended in whatever way. */
  finish(): void {
    this.#batch.flush()
    this.#sendProgress()
  }

  /** Cells go first: what a note or a progress tells of must be in the journal before it. */
  #send(event: EventBody): void {
    this.#batch.flush()
    this.#emit([event])
  }

  #sendProgress(): void {
    if (this.#progressTimer !== null) clearTimeout(this.#progressTimer)
    this.#progressTimer = null
    if (this.#unsentProgress === null) return
    this.#progressSentMs = performance.now()
    this.#send(this.#unsentProgress)
    this.#unsentProgress = null
  }
}

class RunFigure implements FigureSink {
  readonly spec: FigureSpec
  readonly #cells: Omit<FoldedFigure, 'spec'>
  readonly #batch: CellBatch

  constructor(spec: FigureSpec, cells: Omit<FoldedFigure, 'spec'>, batch: CellBatch) {
    this.spec = spec
    this.#cells = cells
    this.#batch = batch
  }

  has(index: number): boolean {
    return this.#cells.known[this.#checked(index)] === 1
  }

  get(index: number): number {
    return this.#cells.values[this.#checked(index)] ?? Number.NaN
  }

  mark(index: number): number {
    return this.#cells.marks[this.#checked(index)] ?? 0
  }

  set(index: number, value: number, mark = 0): void {
    this.#checked(index)
    if (typeof value !== 'number') {
      throw new StudyError(
        `figure ${this.spec.id}, cell ${index}: expected a number (NaN for no value), got ${String(value)}`,
      )
    }
    if (!Number.isInteger(mark) || mark < 0 || mark > this.spec.marks.length) {
      throw new StudyError(
        `figure ${this.spec.id}, cell ${index}: expected a mark from 0 to ${this.spec.marks.length}, got ${mark}`,
      )
    }
    this.#cells.values[index] = value
    this.#cells.marks[index] = mark
    this.#cells.known[index] = 1
    this.#batch.add(this.spec.id, index, value, mark)
  }

  #checked(index: number): number {
    const cells = this.#cells.values.length
    if (Number.isInteger(index) && index >= 0 && index < cells) return index
    throw new StudyError(`figure ${this.spec.id}: expected a cell from 0 to ${cells - 1}, got ${index}`)
  }
}
