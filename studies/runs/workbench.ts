/**
 * The workbench: studies, models and runs behind one interface, for the command line and the server.
 * It holds no tensors and imports no study: the engine's process does. What it knows of runs that it
 * does not write itself, it reads from their folders each time, so that several processes may share
 * one runs folder.
 */
import { existsSync, rmSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { chosenDtype } from '../../engine/backends/chosen-dtype.ts'
import { StudyError } from '../../engine/errors.ts'
import { findPreset, resolveParams } from '../params-validate.ts'
import { type PromptOptions, promptOptionsOf } from '../prompt-params.ts'
import { ActiveRun } from './active-run.ts'
import type { CellAddress, CellLook, CellView, CellViews } from './cell/types.ts'
import { EngineClient } from './engine-client.ts'
import type { JournalEvent, RunId, RunRecord, RunSnapshot, RunSummary } from './events.ts'
import { RunFold } from './fold.ts'
import { createRunFolder, type RunList, readRun, readStoredRun, runFolder } from './folder.ts'
import { FolderWatch } from './folder-watch.ts'
import { Generations } from './generations.ts'
import { LocalHistory } from './history.ts'
import { JOURNAL_FILE, readJournal } from './journal.ts'
import { Listeners } from './listeners.ts'
import { isLocked } from './lock.ts'
import { EMBEDDED_MODEL, ModelList } from './model-list.ts'
import { promptTexts } from './prompt-texts.ts'
import type { StudyRef } from './protocol.ts'
import { pullModel } from './pull-model.ts'
import { changedParameter, checkCell, otherFormat } from './run-fit.ts'
import { RunNews } from './run-news.ts'
import { RunQueue } from './run-queue.ts'
import { runTitle } from './run-title.ts'
import { RunShelf } from './shelf.ts'
import { keepSource } from './source.ts'
import { Speed } from './speed.ts'
import { StudyList } from './study-list.ts'
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
} from './workbench-types.ts'

const CLOSE_GRACE_MS = 2000

export interface WorkbenchOptions {
  /** @default PATCHLIGHT_RUNS, else `runs` in the current folder */
  readonly runsDir?: string
  /** Checkpoints to offer beside the embedded one, those of PATCHLIGHT_MODELS and those of the Hub's cache. */
  readonly models?: readonly string[]
  /** Study files to offer beside the built-in ones. */
  readonly studyFiles?: readonly string[]
  /** Folder of the user's own studies: what lies in it is offered, and `newStudy` writes there. @default none */
  readonly studiesDir?: string
  /**
   * Whether a request may name any study file by its path: for the command line, whose user could run
   * it anyway; never for a server.
   * @default false
   */
  readonly allowStudyPaths?: boolean
  /** A backend's name; `auto` chooses. @default PATCHLIGHT_BACKEND, else auto */
  readonly backend?: string
  /** Format of weights and products: `f32`, `bf16` or `auto`. @default PATCHLIGHT_DTYPE, else auto */
  readonly dtype?: string
  /** Hears of folders and files that had to be left out. @default nothing */
  readonly onProblem?: (text: string) => void
}

/** The runs folder when none is given. */
export function defaultRunsDir(): string {
  const fromEnvironment = process.env.PATCHLIGHT_RUNS
  return resolve(fromEnvironment === undefined || fromEnvironment === '' ? 'runs' : fromEnvironment)
}

/** The folder of the user's own studies that a server offers. */
export function defaultStudiesDir(): string {
  const fromEnvironment = process.env.PATCHLIGHT_STUDIES
  return resolve(fromEnvironment === undefined || fromEnvironment === '' ? 'my-studies' : fromEnvironment)
}

export function createWorkbench(options: WorkbenchOptions = {}): Workbench {
  return new LocalWorkbench(options)
}

class LocalWorkbench implements Workbench {
  readonly runsDir: string
  readonly history: RunHistory
  readonly #shelf: RunShelf
  readonly #studyWatch: FolderWatch
  readonly #news: RunNews
  readonly #env: Readonly<Record<string, string>>
  readonly #engine: EngineClient
  readonly #studies: StudyList
  readonly #models: ModelList
  readonly #queue: RunQueue
  readonly #generations: Generations
  readonly #listeners = new Listeners<WorkbenchEvents>()
  readonly #speed = new Speed()
  /** Runs whose failure could not be journaled: the disk was full. Their folder tells less than we know. */
  readonly #unwritten = new Map<RunId, RunFold>()
  readonly #onProblem: (text: string) => void

  constructor(options: WorkbenchOptions) {
    this.runsDir = options.runsDir === undefined ? defaultRunsDir() : resolve(options.runsDir)
    this.#env = {
      ...(options.backend === undefined ? {} : { PATCHLIGHT_BACKEND: options.backend }),
      ...(options.dtype === undefined ? {} : { PATCHLIGHT_DTYPE: options.dtype }),
    }
    this.#engine = new EngineClient(this.#env)
    this.#studies = new StudyList(this.#engine, {
      files: options.studyFiles ?? [],
      folder: options.studiesDir === undefined ? null : resolve(options.studiesDir),
      allowPaths: options.allowStudyPaths ?? false,
    })
    this.#studyWatch = new FolderWatch(() => this.#listeners.emit('studies'))
    this.#news = new RunNews({
      runs: () => this.#runs().runs,
      changed: run => this.#listeners.emit('run', run),
      removed: run => this.#listeners.emit('removed', run),
    })
    for (const folder of this.#studies.folders()) this.#studyWatch.add(folder)
    this.#models = new ModelList(this.#engine, options.models ?? [], process.env.PATCHLIGHT_MODELS)
    this.#onProblem = options.onProblem ?? (() => {})
    this.#queue = new RunQueue(this.#engine, {
      began: (run, source) => keepOwnSource(run, source),
      settled: run => this.#settled(run),
    })
    this.#generations = new Generations(this.#engine, this.#queue)
    this.#shelf = new RunShelf(this.runsDir)
    this.history = new LocalHistory(this.#shelf, {
      active: run => this.#queue.find(run)?.summary() ?? null,
      changed: summary => this.#news.tell(summary),
      removed: run => {
        this.#unwritten.delete(run)
        this.#news.tellGone(run)
      },
      builtIn: async () => (await this.#studies.builtIn()).map(study => study.id),
    })
  }

  studies(): Promise<readonly StudyInfo[]> {
    return this.#studies.list(this.#onProblem)
  }

  study(study: string): Promise<StudyInfo> {
    return this.#studies.find(study)
  }

  studyFiles(): Promise<readonly StudyFile[]> {
    return this.#studies.ownFiles()
  }

  async newStudy(id: string): Promise<StudyInfo> {
    const study = await this.#studies.create(id)
    for (const folder of this.#studies.folders()) this.#studyWatch.add(folder)
    this.#listeners.emit('studies')
    return study
  }

  models(): Promise<readonly ModelInfo[]> {
    return this.#models.list(this.#onProblem)
  }

  async tokenize(
    model: string | undefined,
    texts: readonly string[],
    options: PromptOptions = {},
  ): Promise<readonly TokenView[]> {
    return this.#engine.request('tokenize', { dir: await this.#models.dirOf(model), texts, options })
  }

  async estimate(request: RunRequest): Promise<EstimateView> {
    const study = await this.#studies.find(request.study)
    const params = resolveParams(study.params, findPreset(study.presets, request.preset), request.params)
    const dir = await this.#models.dirOf(request.model)
    const estimate = await this.#engine.request('estimate', { dir, study: studyRef(study), params })
    const { gflops } = await this.#engine.request('facts', { dir })
    return { ...estimate, params, expectedMs: this.#speed.expectedMs(dir, study.id, estimate.flops, gflops) }
  }

  async start(request: RunRequest): Promise<RunSummary> {
    const { study, params, dir, flops } = await this.#checked(request)
    const { info } = await this.#models.describe(dir)
    const facts = await this.#engine.request('facts', { dir })
    const made = createRunFolder(this.runsDir, {
      format: 1,
      createdAt: new Date().toISOString(),
      study: study.id,
      studyTitle: study.title,
      ...(study.file === undefined ? {} : { studyFile: study.file }),
      ...(request.preset === undefined ? {} : { preset: request.preset }),
      title: runTitle(params, resolveParams(study.params, findPreset(study.presets, request.preset))),
      params,
      tokens: await this.#tokens(dir, study, params),
      model: {
        dir,
        name: info.name,
        family: info.family,
        fingerprint: await this.#engine.request('fingerprint', { dir }),
        layers: info.layers,
        heads: info.heads,
        dModel: info.dModel,
        parameters: info.parameters,
      },
      backend: facts.backend,
      library: facts.library,
      backendNote: facts.backendNote,
      dtype: facts.dtype,
      seed: request.seed ?? 0,
      versions: facts.versions,
    })
    if (flops !== null) this.#speed.watch(made.record.id, flops)
    try {
      return this.#enqueue(made.dir, new RunFold(made.record), studyRef(study))
    } catch (error) {
      // The disk is full: a run that was not begun is none.
      rmSync(made.dir, { recursive: true, force: true })
      throw error
    }
  }

  async cancel(id: RunId): Promise<RunSummary> {
    const run = this.#queue.find(id)
    if (run === null) {
      const { state } = readRun(runFolder(this.runsDir, id))
      const why = isLocked(runFolder(this.runsDir, id))
        ? 'another process computes it; cancel it there'
        : `it is not running, it is ${state}`
      throw new StudyError(`run ${id}: it cannot be cancelled: ${why}`)
    }
    await this.#queue.cancel(run)
    return run.summary()
  }

  async resume(id: RunId): Promise<RunSummary> {
    const dir = runFolder(this.runsDir, id)
    if (this.#queue.find(id) !== null) throw new StudyError(`run ${id}: it is running already`)
    const { fold, content } = readStoredRun(dir)
    const { record } = fold
    const refuse = (why: string) => new StudyError(`run ${id}: it cannot be resumed: ${why}`)
    if (fold.state === 'done') throw refuse('it is done')
    if (isLocked(dir)) throw refuse('another process computes it')
    const study = await this.#studies.find(record.studyFile ?? record.study)
    if (study.id !== record.study) throw refuse(`its file now holds the study ${study.id}, not ${record.study}`)
    const changed = changedParameter(study, record)
    if (changed !== null) throw refuse(`the study's parameters changed since: ${changed}; start a new run`)
    const model = { ...record.model, dir: await this.#modelOf(record, refuse) }
    const format = chosenDtype(this.#env.PATCHLIGHT_DTYPE)
    if (format !== record.dtype) throw refuse(otherFormat(record.dtype, format))
    this.#unwritten.delete(id)
    const here = model.dir === record.model.dir ? fold : new RunFold({ ...record, model }, content.events)
    return this.#enqueue(dir, here, studyRef(study))
  }

  async list(): Promise<readonly RunSummary[]> {
    // Before it is read: what comes after is heard of.
    this.#news.watch(this.runsDir)
    const { runs, skipped } = this.#runs()
    for (const { reason } of skipped) this.#onProblem(reason)
    this.#news.compare(runs)
    return runs
  }

  /** As the folder has them, but for what this process knows better. */
  #runs(): RunList {
    const { runs: stored, skipped } = this.#shelf.list()
    const runs = stored.map(run => {
      const unwritten = this.#unwritten.get(run.id)
      return this.#queue.find(run.id)?.summary() ?? (unwritten === undefined ? run : { ...run, state: unwritten.state })
    })
    return { runs, skipped }
  }

  async snapshot(id: RunId): Promise<RunSnapshot> {
    const fold = this.#queue.find(id)?.fold ?? this.#unwritten.get(id)
    return fold?.snapshot() ?? readRun(runFolder(this.runsDir, id))
  }

  async events(id: RunId, from: number): Promise<readonly JournalEvent[]> {
    const { events } = readJournal(join(runFolder(this.runsDir, id), JOURNAL_FILE))
    return events.slice(Math.max(0, from))
  }

  async cell<V extends CellView>(
    id: RunId,
    cell: CellAddress,
    view: V,
    question: CellViews[V]['in'],
    signal?: AbortSignal,
  ): Promise<CellViews[V]['out']> {
    signal?.throwIfAborted()
    const { record, figures } = await this.snapshot(id)
    checkCell(id, figures, cell)
    const study = await this.#studyOf(record)
    const dir = await this.#modelOf(record, why => new StudyError(`run ${id}: its cells cannot be looked at: ${why}`))
    const here = chosenDtype(this.#env.PATCHLIGHT_DTYPE)
    if (here !== record.dtype) {
      throw new StudyError(`run ${id}: its cells cannot be computed again: ${otherFormat(record.dtype, here)}`)
    }
    const look = { view, question } as CellLook
    const call = { dir, study, params: record.params, cell, look }
    try {
      return await this.#engine.request('cell', call, signal === undefined ? {} : { signal })
    } catch (error) {
      signal?.throwIfAborted()
      throw error
    }
  }

  backend(): Promise<BackendInUse> {
    return this.#engine.request('backend', { dir: EMBEDDED_MODEL })
  }

  async doctor(): Promise<DoctorReport> {
    // It tries every backend, which would disturb a run: a process of its own.
    const engine = new EngineClient(this.#env)
    try {
      return await engine.request('doctor', {})
    } finally {
      await engine.close()
    }
  }

  async generate(
    request: GenerateRequest,
    onEvent: (event: GenerateEvent) => void,
    signal: AbortSignal,
  ): Promise<void> {
    const { model, ...call } = request
    const dir = await this.#models.dirOf(model)
    await this.#models.describe(dir)
    await this.#generations.generate({ dir, ...call }, onEvent, signal)
  }

  pull(model: string, onEvent: (event: PullEvent) => void, signal: AbortSignal): Promise<void> {
    return pullModel(model, onEvent, signal)
  }

  on<K extends keyof WorkbenchEvents>(event: K, listener: (...args: WorkbenchEvents[K]) => void): () => void {
    return this.#listeners.on(event, listener)
  }

  async close(): Promise<void> {
    this.#studyWatch.close()
    this.#news.close()
    await this.#queue.close(CLOSE_GRACE_MS)
    await this.#engine.close()
  }

  /** A request whose parameters fit its study, and whose study says that it can run on the model. */
  async #checked(request: RunRequest) {
    const study = await this.#studies.find(request.study)
    const params = resolveParams(study.params, findPreset(study.presets, request.preset), request.params)
    const dir = await this.#models.dirOf(request.model)
    await this.#models.describe(dir)
    // While a run or a text computes, the engine may hold another model; the check then happens when this run's turn comes.
    const computing =
      this.#queue.all().some(run => run.fold.record.model.dir !== dir) || this.#generations.onAnother(dir)
    if (computing) return { study, params, dir, flops: null }
    const { flops } = await this.#engine.request('estimate', { dir, study: studyRef(study), params })
    return { study, params, dir, flops }
  }

  /** A run that came as a file names its study by id: where that is a user's own, its file must be offered here. */
  async #studyOf({ study, studyFile }: RunRecord): Promise<StudyRef> {
    return studyFile === undefined ? studyRef(await this.#studies.find(study)) : { id: study, file: studyFile }
  }

  /** The folder in which the weights of a run are now, which need not be where they were. */
  async #modelOf({ model }: RunRecord, refuse: (why: string) => StudyError): Promise<string> {
    const fingerprint = (dir: string) => this.#engine.request('fingerprint', { dir })
    if (existsSync(model.dir)) {
      const now = await fingerprint(model.dir)
      if (now === model.fingerprint) return model.dir
      throw refuse(
        `the weights in ${model.dir} changed since (fingerprint ${now}, was ${model.fingerprint}); start a new run`,
      )
    }
    const alike = (await this.#models.list(() => {})).filter(
      ({ layers, parameters }) => layers === model.layers && parameters === model.parameters,
    )
    for (const { dir } of alike) if ((await fingerprint(dir)) === model.fingerprint) return dir
    const sought = model.dir === '' ? 'no model here has its weights' : `there is no ${model.dir}`
    throw refuse(`its model ${model.name} is not here: ${sought}; pull it, or offer its folder with --model`)
  }

  async #tokens(dir: string, study: StudyInfo, params: RunRecord['params']): Promise<Record<string, number[][]>> {
    const prompts = promptTexts(study.params, params)
    const texts = prompts.map(prompt => prompt.text)
    const options = promptOptionsOf(study.params, params)
    const views = await this.#engine.request('tokenize', { dir, texts, options })
    const tokens: Record<string, number[][]> = {}
    prompts.forEach(({ key }, i) => {
      tokens[key] = [...(tokens[key] ?? []), [...(views[i]?.ids ?? [])]]
    })
    return tokens
  }

  #enqueue(dir: string, fold: RunFold, study: StudyRef): RunSummary {
    const run = new ActiveRun(dir, fold, study, {
      event: (changed, event) => this.#listeners.emit('event', changed.id, event),
      changed: changed => this.#changed(changed),
    })
    this.#queue.add(run)
    return run.summary()
  }

  #changed(run: ActiveRun): void {
    this.#speed.follow(run.fold)
    this.#news.tell(run.summary())
  }

  #settled(run: ActiveRun): void {
    if (run.diskError !== null) this.#unwritten.set(run.id, run.fold)
  }
}

/** Keeps the text of a user's own study with the run that it computes from here on. */
function keepOwnSource(run: ActiveRun, source: string | null): void {
  if (source === null || run.study.file === undefined) return
  try {
    if (!keepSource(run.dir, run.study.file, source)) return
    const text = 'The file of this study changed: what came after was computed by its new version.'
    run.append({ type: 'note', text })
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    run.append({ type: 'note', text: `The study's source is not kept with this run: ${reason}.` })
  }
}

function studyRef(study: StudyInfo): StudyRef {
  return { id: study.id, ...(study.file === undefined ? {} : { file: study.file }) }
}
