/**
 * A workbench that computes nothing heavy and keeps its runs in memory: for tests of what stands
 * above the workbench. Its one study writes sin(row + column) row by row, with a real pause between
 * rows; its journal is numbered and folded by the real code, and cancel and resume are real.
 */
import { StudyError } from '../../engine/errors.ts'
import type { FigureSpec } from '../../studies/figure.ts'
import type { PromptOptions } from '../../studies/prompt-params.ts'
import type { CellAddress, CellView, CellViews } from '../../studies/runs/cell/types.ts'
import type { EventBody, JournalEvent, RunId, RunRecord, RunSnapshot, RunSummary } from '../../studies/runs/events.ts'
import { RunFold } from '../../studies/runs/fold.ts'
import { LocalHistory } from '../../studies/runs/history.ts'
import { Listeners } from '../../studies/runs/listeners.ts'
import { NO_META } from '../../studies/runs/meta.ts'
import { RunShelf } from '../../studies/runs/shelf.ts'
import type {
  BackendInUse,
  DoctorReport,
  EstimateView,
  GenerateEvent,
  GenerateRequest,
  ModelInfo,
  PullEvent,
  RunHistory,
  RunRequest,
  StudyFile,
  StudyInfo,
  TokenView,
  Workbench,
  WorkbenchEvents,
} from '../../studies/runs/workbench-types.ts'

const number = (label: string, value: number) => ({ kind: 'number', label, help: label, default: value }) as const
const STUDY: StudyInfo = {
  id: 'ripple',
  title: 'Ripple',
  question: 'What does a sine look like?',
  about: 'sin(row + column), row by row.',
  params: { rows: number('Rows', 4), columns: number('Columns', 5), pauseMs: number('Pause', 5) },
  presets: [],
}
const MODEL: ModelInfo = {
  dir: '/models/tiny',
  name: 'tiny',
  family: 'llama',
  layers: 2,
  heads: 2,
  dModel: 8,
  dMlp: 16,
  vocab: 32,
  parameters: 1000,
  bytes: 4000,
  chatTemplate: false,
  embedded: true,
}

interface MemoryRun {
  readonly record: RunRecord
  readonly events: JournalEvent[]
  readonly fold: RunFold
  readonly createdMs: number
  timer: ReturnType<typeof setTimeout> | null
}

export class MemoryWorkbench implements Workbench {
  readonly runsDir = 'memory'
  /** Of runs that have folders: there are none here. */
  readonly history: RunHistory = new LocalHistory(new RunShelf('memory'), {
    active: () => null,
    changed: summary => this.#listeners.emit('run', summary),
    removed: run => this.#listeners.emit('removed', run),
    builtIn: async () => [],
  })
  readonly #runs = new Map<RunId, MemoryRun>()
  readonly #listeners = new Listeners<WorkbenchEvents>()

  async studies(): Promise<readonly StudyInfo[]> {
    return [STUDY]
  }

  async studyFiles(): Promise<readonly StudyFile[]> {
    return []
  }

  async newStudy(): Promise<StudyInfo> {
    throw new StudyError('new study: this workbench has no folder for studies')
  }

  async study(study: string): Promise<StudyInfo> {
    if (study !== STUDY.id) throw new StudyError(`study: expected ripple, got ${study}`)
    return STUDY
  }

  async models(): Promise<readonly ModelInfo[]> {
    return [MODEL]
  }

  async tokenize(
    _model: string | undefined,
    texts: readonly string[],
    { bos, chat, system }: PromptOptions = {},
  ): Promise<readonly TokenView[]> {
    return texts.map(text => {
      const rendered = `${system ?? ''}[${text}]`
      const labels = [...(bos === 'with' ? ['<s>'] : []), ...(chat === true ? rendered : text).split(/(?= )/)]
      return { ids: labels.map((_, i) => i), labels, ...(chat === true ? { rendered } : {}) }
    })
  }

  async estimate(request: RunRequest): Promise<EstimateView> {
    const params = this.#params(request)
    const patches = params.rows * params.columns
    return {
      summary: `${patches} cells`,
      patches,
      flops: patches,
      peakBytes: 0,
      expectedMs: null,
      params: { ...params },
    }
  }

  async start(request: RunRequest): Promise<RunSummary> {
    const params = this.#params(request)
    const record: RunRecord = {
      format: 1,
      id: `run-${this.#runs.size + 1}`,
      createdAt: new Date().toISOString(),
      study: STUDY.id,
      studyTitle: STUDY.title,
      params: { ...params },
      model: { ...MODEL, fingerprint: 'none' },
      backend: 'memory',
      library: 'none',
      dtype: 'f32',
      seed: request.seed ?? 0,
      versions: {},
    }
    const run: MemoryRun = { record, events: [], fold: new RunFold(record), createdMs: Date.now(), timer: null }
    this.#runs.set(record.id, run)
    this.journal(record.id, { type: 'state', state: 'queued' })
    this.#go(run, params)
    return this.#summary(run)
  }

  async cancel(id: RunId): Promise<RunSummary> {
    const run = this.#find(id)
    if (run.timer === null) throw new StudyError(`cancel ${id}: expected a run that is running, got ${run.fold.state}`)
    clearTimeout(run.timer)
    run.timer = null
    this.journal(id, { type: 'state', state: 'cancelled' })
    return this.#summary(run)
  }

  async resume(id: RunId): Promise<RunSummary> {
    const run = this.#find(id)
    if (run.fold.state !== 'cancelled') {
      throw new StudyError(`resume ${id}: expected a run that can go on, got ${run.fold.state}`)
    }
    this.journal(id, { type: 'state', state: 'queued' })
    this.#go(run, this.#params(run.record))
    return this.#summary(run)
  }

  async list(): Promise<readonly RunSummary[]> {
    return [...this.#runs.values()].map(run => this.#summary(run)).reverse()
  }

  async snapshot(id: RunId): Promise<RunSnapshot> {
    return this.#find(id).fold.snapshot()
  }

  async events(id: RunId, from: number): Promise<readonly JournalEvent[]> {
    return this.#find(id).events.slice(from)
  }

  async cell<V extends CellView>(
    id: RunId,
    cell: CellAddress,
    view: V,
    question: CellViews[V]['in'],
    _signal?: AbortSignal,
  ): Promise<CellViews[V]['out']> {
    const found = this.#find(id).fold.figures.get(cell.figure)
    if (found === undefined) throw new StudyError(`cell: no figure ${cell.figure}`)
    if (cell.index >= found.values.length) throw new StudyError(`cell: expected an index under ${found.values.length}`)
    const window = { from: 0, labels: ['a', ' b'], of: 2 }
    const place = { layer: 0, head: 0, neuron: 0, ...question }
    const none = { top: [], prob: [] }
    const answers: { readonly [K in CellView]: CellViews[K]['out'] } = {
      detail: {
        ...cell,
        what: `cell ${cell.index}`,
        window,
        position: 1,
        places: [],
        interventions: [],
        numbers: 0,
        layers: MODEL.layers,
        heads: MODEL.heads,
        followed: 'top',
        metrics: [],
        top: [],
      },
      attention: { ...cell, ...place, window, before: [], after: [], earlier: null, heads: [], size: 0, changes: [] },
      lens: { ...cell, window, rows: [], choices: 0, before: none, after: none, risen: [], labels: {} },
      neuron: { ...cell, ...place, point: '', prompts: [], leftOut: 0, promoted: [], demoted: [], how: '' },
    }
    return answers[view]
  }

  async generate({ prompt }: GenerateRequest, onEvent: (event: GenerateEvent) => void): Promise<void> {
    const [tokens = { ids: [], labels: [] }] = await this.tokenize(undefined, [prompt])
    onEvent({ type: 'began', prompt: tokens })
    onEvent({ type: 'end', side: 'unsteered', finish: 'eos' })
  }

  async pull(_model: string, onEvent: (event: PullEvent) => void): Promise<void> {
    onEvent({ type: 'done', dir: MODEL.dir })
  }

  async backend(): Promise<BackendInUse> {
    return { name: 'none', library: 'none', why: 'nothing computes here' }
  }

  async doctor(): Promise<DoctorReport> {
    return {
      node: process.version,
      platform: process.platform,
      processor: 'none',
      cores: 1,
      memoryBytes: 1,
      memoryGBs: 1,
      versions: {},
      backends: [],
      formats: [],
      choices: [],
    }
  }

  on<K extends keyof WorkbenchEvents>(event: K, listener: (...args: WorkbenchEvents[K]) => void): () => void {
    return this.#listeners.on(event, listener)
  }

  async close(): Promise<void> {
    for (const run of this.#runs.values()) if (run.timer !== null) clearTimeout(run.timer)
  }

  /** For tests: journals anything and tells the listeners, as a running study would. */
  journal(id: RunId, body: EventBody): void {
    const run = this.#find(id)
    const event: JournalEvent = { seq: run.events.length, t: Date.now() - run.createdMs, ...body }
    run.events.push(event)
    run.fold.apply(event)
    this.#listeners.emit('event', id, event)
    this.#listeners.emit('run', this.#summary(run))
  }

  /** For tests: the run's last `count` events never reached the disk. */
  tear(id: RunId, count: number): void {
    const run = this.#find(id)
    const kept = run.events.slice(0, -count)
    this.#runs.set(id, { ...run, events: kept, fold: new RunFold(run.record, kept) })
  }

  /** For tests: the run's folder was deleted. */
  remove(id: RunId): void {
    this.#runs.delete(id)
    this.#listeners.emit('removed', id)
  }

  #go(run: MemoryRun, { rows, columns, pauseMs }: { rows: number; columns: number; pauseMs: number }): void {
    const { id } = run.record
    this.journal(id, { type: 'state', state: 'running' })
    this.journal(id, { type: 'figure', figure: rippleFigure(rows, columns) })
    let row = run.fold.figures.get('ripple')?.known.indexOf(0) ?? 0
    row = row < 0 ? rows : row / columns
    const next = () => {
      if (row >= rows) {
        run.timer = null
        this.journal(id, { type: 'summary', values: { cells: rows * columns } })
        this.journal(id, { type: 'state', state: 'done' })
        return
      }
      const first = row * columns
      const values = Array.from({ length: columns }, (_, column) => ripple(row, column))
      this.journal(id, { type: 'cells', figure: 'ripple', first, values })
      row += 1
      this.journal(id, { type: 'progress', done: row * columns, total: rows * columns, etaMs: null })
      run.timer = setTimeout(next, pauseMs)
    }
    run.timer = setTimeout(next, pauseMs)
  }

  #params({ study, params = {} }: Pick<RunRequest, 'study' | 'params'>) {
    if (study !== STUDY.id) throw new StudyError(`study: expected ripple, got ${study}`)
    const value = (name: 'rows' | 'columns' | 'pauseMs', otherwise: number) => {
      const given = params[name] ?? otherwise
      if (typeof given !== 'number') throw new StudyError(`ripple, ${name}: expected a number`)
      return given
    }
    return { rows: value('rows', 4), columns: value('columns', 5), pauseMs: value('pauseMs', 5) }
  }

  #find(id: RunId): MemoryRun {
    const run = this.#runs.get(id)
    if (run === undefined) throw new StudyError(`run ${id}: not found`)
    return run
  }

  #summary({ record, fold }: MemoryRun): RunSummary {
    const { id, createdAt, study, studyTitle, backend } = record
    const { done, total } = fold.progress ?? { done: 0, total: 0 }
    const model = MODEL.name
    const { state } = fold
    return { id, createdAt, study, studyTitle, model, backend, state, done, total, title: id, words: '', meta: NO_META }
  }
}

/** The value of a cell of the study's figure, before it travels as float32. */
export function ripple(row: number, column: number): number {
  return Math.sin(row + column)
}

export function rippleFigure(rows: number, columns: number): FigureSpec {
  const ticks = (count: number) => Array.from({ length: count }, (_, i) => String(i))
  return {
    id: 'ripple',
    title: 'Ripple',
    x: { kind: 'position', label: 'Column', ticks: ticks(columns) },
    y: { kind: 'layer', label: 'Row', ticks: ticks(rows) },
    metric: 'Sine',
    unit: 'logits',
    scale: 'diverging',
    marks: [{ symbol: '×', meaning: 'marked' }],
    caption: 'A sine.',
  }
}
