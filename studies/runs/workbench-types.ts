/**
 * What the command line and the server ask of the rest: one object that knows studies, models and
 * runs, and that keeps the engine in a process of its own.
 */

import type { Readable } from 'node:stream'
import type { FinishReason } from '../../engine/generate.ts'
import type { Intervention } from '../../hooks/intervention.ts'
import type { ParamSchema, ParamValue } from '../params.ts'
import type { PromptOptions } from '../prompt-params.ts'
import type { Estimate, Preset } from '../study.ts'
import type { CellAddress, CellView, CellViews } from './cell/types.ts'
import type { DeletedRun, JournalEvent, MetaPatch, RunId, RunRecord, RunSnapshot, RunSummary } from './events.ts'

export interface StudyInfo {
  readonly id: string
  readonly title: string
  readonly question: string
  readonly about: string
  readonly params: ParamSchema
  readonly presets: readonly Preset[]
  /** Absolute path, for a user's own study. */
  readonly file?: string
  /** Why the file cannot be read as it stands now: this is the version before. */
  readonly problem?: string
}

/** A user's own study file as the page shows it. */
export interface StudyFile {
  readonly file: string
  /** Null where it never could be read. */
  readonly study: string | null
  readonly problem: string | null
}

/** A study's text. */
export interface RunSource {
  /** Of its file. */
  readonly name: string
  readonly text: string
  /** `own`: the copy that was kept when the run was computed. `built-in`: the file that ships. */
  readonly origin: 'own' | 'built-in'
  /** Where it differs from what is elsewhere, in a sentence or two. */
  readonly note: string | null
}

export interface ModelInfo {
  /** Absolute path of the checkpoint folder; the key everywhere. */
  readonly dir: string
  readonly name: string
  readonly family: string
  readonly layers: number
  readonly heads: number
  readonly dModel: number
  readonly dMlp: number
  readonly vocab: number
  readonly parameters: number
  readonly bytes: number
  readonly chatTemplate: boolean
  readonly embedded: boolean
}

export interface TokenView {
  readonly ids: readonly number[]
  /** One label a token, each distinguishable. */
  readonly labels: readonly string[]
  /** The text that these are the tokens of, where the chat template wrote it. */
  readonly rendered?: string
}

export interface RunRequest {
  readonly study: string
  /** Checkpoint folder; the embedded model when absent. */
  readonly model?: string
  readonly preset?: string
  /** Values that differ from the preset's and the defaults. */
  readonly params?: Readonly<Record<string, ParamValue>>
  readonly seed?: number
}

export interface EstimateView extends Estimate {
  /** From the machine's measured rate; null before anything was measured. */
  readonly expectedMs: number | null
  readonly params: Readonly<Record<string, ParamValue>>
}

export interface TopToken {
  readonly id: number
  readonly label: string
  readonly logit: number
  readonly prob: number
}

/** The prompt's options hold for the prompts that interventions name, too. */
export interface GenerateRequest extends PromptOptions {
  /** Checkpoint folder or `OWNER/NAME`; the embedded model when absent. */
  readonly model?: string
  readonly prompt: string
  /** What follows has the defaults of `engine/generate.ts`. */
  readonly maxTokens?: number
  readonly temperature?: number
  readonly topK?: number
  readonly topP?: number
  readonly seed?: number
  readonly stop?: readonly string[]
  /** Without any, there is no steered text. */
  readonly interventions?: readonly Intervention[]
}

export type GenerateSide = 'unsteered' | 'steered'

export type GenerateEvent =
  /** Something else computes; a sentence that says what. */
  | { readonly type: 'waiting'; readonly text: string }
  | { readonly type: 'began'; readonly prompt: TokenView }
  /** Text that is certain with this token: it may be empty, or belong to the tokens before. */
  | { readonly type: 'token'; readonly side: GenerateSide; readonly id: number; readonly text: string }
  | { readonly type: 'end'; readonly side: GenerateSide; readonly finish: FinishReason }

export type PullEvent =
  | { readonly type: 'waiting'; readonly text: string }
  | {
      readonly type: 'progress'
      readonly file: string
      /** `check`: the file is here and its checksum is taken. */
      readonly step: 'fetch' | 'check'
      readonly doneBytes: number
      readonly totalBytes: number
      /** Null before there is a rate. */
      readonly bytesPerSecond: number | null
      readonly etaMs: number | null
    }
  /** The checkpoint folder. */
  | { readonly type: 'done'; readonly dir: string }

/** What computes, and why that. */
export interface BackendInUse {
  readonly name: string
  readonly library: string
  readonly why: string
}

export interface DoctorReport {
  readonly node: string
  readonly platform: string
  readonly processor: string
  readonly cores: number
  readonly memoryBytes: number
  /** GB/s that one core reads and writes when it copies memory. */
  readonly memoryGBs: number
  readonly versions: Readonly<Record<string, string>>
  readonly backends: readonly DoctorBackend[]
  readonly formats: readonly DoctorFormat[]
  /** What computes models of some sizes, and why. */
  readonly choices: readonly { readonly model: string; readonly backend: string; readonly why: string }[]
}

export interface DoctorBackend {
  readonly name: string
  readonly usable: boolean
  /** For at least one of the models in `choices`. */
  readonly chosen: boolean
  /** Its library, or why it is not usable. */
  readonly detail: string
  /** What to install for it, where it is not usable. */
  readonly advice?: string
  /** Rate of a product with 128 rows. */
  readonly gflops?: number
  /** Rates of products with a weight of 1,024 × 1,024, by their rows. */
  readonly rates?: readonly { readonly rows: number; readonly gflops: number }[]
  /** Microseconds that each call of an op costs, whatever it computes. */
  readonly callUs?: number
}

/** A number format of weights. */
export interface DoctorFormat {
  readonly name: string
  readonly usable: boolean
  /** Weights are kept in it, unless a command says otherwise. */
  readonly chosen: boolean
  /** What it is and what computes it, or why it is not usable. */
  readonly detail: string
  /** Rates of products with a weight of 1,024 × 4,096, by their rows; where the formats can be compared. */
  readonly rates?: readonly { readonly rows: number; readonly gflops: number }[]
}

export type WorkbenchEvents = {
  /** An event was journaled (after it was). */
  event: [run: RunId, event: JournalEvent]
  /** A run is new, or its summary changed. */
  run: [summary: RunSummary]
  removed: [run: RunId]
  /** A study file was saved, made or removed. */
  studies: []
}

/** What a person does with runs that were made. */
export interface RunHistory {
  record(run: RunId): Promise<RunRecord>
  /** @throws StudyError for a text that is too long */
  annotate(run: RunId, patch: MetaPatch): Promise<RunSummary>
  /** Into the trash. @throws StudyError while it computes or waits */
  remove(run: RunId): Promise<void>
  restore(run: RunId): Promise<RunSummary>
  deleted(): Promise<readonly DeletedRun[]>
  /** The run as one file, as its bytes are made. */
  pack(run: RunId): Promise<Readable>
  /** @throws StudyError in one sentence for anything that is no archive of a run */
  unpack(content: AsyncIterable<Uint8Array>): Promise<RunSummary>
  /** The study's source as it ran; null where nothing of it was kept. */
  source(run: RunId): Promise<RunSource | null>
}

export interface Workbench {
  readonly runsDir: string
  studies(): Promise<readonly StudyInfo[]>
  /** One study, by id or by the path of its file. */
  study(study: string): Promise<StudyInfo>
  models(): Promise<readonly ModelInfo[]>
  /** The tokens that a study with these prompt parameters would run; an empty text has those that surround every prompt. */
  tokenize(model: string | undefined, texts: readonly string[], options?: PromptOptions): Promise<readonly TokenView[]>
  estimate(request: RunRequest): Promise<EstimateView>
  /** Checks, writes `run.json`, queues. One run computes at a time. */
  start(request: RunRequest): Promise<RunSummary>
  /** Stops between two slices; what is journaled stays. */
  cancel(run: RunId): Promise<RunSummary>
  /** Does what is not journaled yet. */
  resume(run: RunId): Promise<RunSummary>
  list(): Promise<readonly RunSummary[]>
  snapshot(run: RunId): Promise<RunSnapshot>
  /** Events with `seq >= from`, in order. */
  events(run: RunId, from: number): Promise<readonly JournalEvent[]>
  /**
   * One cell, run again and looked at: as a whole, its attention, the logit lens, or a neuron. While a
   * run computes this goes between two of its slices; cells are answered one after another.
   * @throws the signal's reason when nobody waits for the answer any more
   */
  cell<V extends CellView>(
    run: RunId,
    cell: CellAddress,
    view: V,
    question: CellViews[V]['in'],
    signal?: AbortSignal,
  ): Promise<CellViews[V]['out']>
  readonly history: RunHistory
  /** The user's own study files. */
  studyFiles(): Promise<readonly StudyFile[]>
  /**
   * Writes a study of one's own to begin with, into the folder of such studies.
   * @param id kebab-case; the file's name too
   * @throws StudyError for an id that is none or is taken
   */
  newStudy(id: string): Promise<StudyInfo>
  /**
   * Lets a model go on from a prompt, without and with interventions, in turns of a token; after the
   * runs that compute or wait. One text is generated at a time.
   * @throws the signal's reason when it is stopped
   */
  generate(request: GenerateRequest, onEvent: (event: GenerateEvent) => void, signal: AbortSignal): Promise<void>
  /**
   * A model of the Hub, `OWNER/NAME[@REVISION]`, into the cache; `models` lists it after the last event.
   * @throws CheckpointError that says what to do; the signal's reason when it is stopped
   */
  pull(model: string, onEvent: (event: PullEvent) => void, signal: AbortSignal): Promise<void>
  /** At once: nothing is measured that is known. */
  backend(): Promise<BackendInUse>
  /** Measures everything again, in a process of its own. */
  doctor(): Promise<DoctorReport>
  on<K extends keyof WorkbenchEvents>(event: K, listener: (...args: WorkbenchEvents[K]) => void): () => void
  /** Stops the engine process and closes journals; running runs become resumable. */
  close(): Promise<void>
}
