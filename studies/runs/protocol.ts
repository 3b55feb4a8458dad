/**
 * What goes between the workbench's process and the engine's. Requests carry a number and get one
 * reply; a run and a generation send events before it. Everything here survives structured clone, so
 * NaN and typed arrays arrive as they are.
 */
import type { Dtype } from '../../engine/backends/types.ts'
import type { FigureSpec } from '../figure.ts'
import type { ParamValue } from '../params.ts'
import type { PromptOptions } from '../prompt-params.ts'
import type { Estimate } from '../study.ts'
import type { CellAddress, CellAnswer, CellLook } from './cell/types.ts'
import type { EventBody } from './events.ts'
import type {
  BackendInUse,
  DoctorReport,
  GenerateEvent,
  GenerateRequest,
  ModelInfo,
  StudyInfo,
  TokenView,
} from './workbench-types.ts'

/** A study as the engine finds it: built in, by id, or in the user's own file. */
export interface StudyRef {
  readonly id: string
  /** Absolute path. */
  readonly file?: string
}

export interface ModelDescription {
  readonly info: Omit<ModelInfo, 'embedded'>
}

/** A figure's cells from before, for a resume. `known` is 1 where a cell needs no computing. */
export interface ResumedFigure {
  readonly spec: FigureSpec
  readonly values: Float64Array
  readonly marks: Uint8Array
  readonly known: Uint8Array
}

export interface StudyCall {
  readonly dir: string
  readonly study: StudyRef
  readonly params: Readonly<Record<string, ParamValue>>
}

export interface RunCall extends StudyCall {
  readonly seed: number
  /** What `run.json` says that it is computed with. */
  readonly library: string
  readonly resumed: readonly ResumedFigure[]
}

export interface GenerateCall extends Omit<GenerateRequest, 'model'> {
  readonly dir: string
}

export interface EngineFacts {
  readonly backend: string
  readonly library: string
  /** Why that backend, for people. */
  readonly backendNote: string
  readonly dtype: Dtype
  /** Measured rate of a matrix product. */
  readonly gflops: number
  readonly versions: Readonly<Record<string, string>>
}

/** Every request: what goes in and what comes out. */
export interface EngineMethods {
  /** The built-in studies, or those of one file. */
  studies: { in: { readonly file?: string }; out: readonly StudyInfo[] }
  /** What a model is computed on; what another one is, while that computes. */
  facts: { in: { readonly dir: string }; out: EngineFacts }
  /** What computes now; with no model loaded, what would compute this one. */
  backend: { in: { readonly dir: string }; out: BackendInUse }
  describe: { in: { readonly dir: string }; out: ModelDescription }
  /** A hash of the weights: apart from `describe`, since it reads much more. */
  fingerprint: { in: { readonly dir: string }; out: string }
  tokenize: {
    in: { readonly dir: string; readonly texts: readonly string[]; readonly options: PromptOptions }
    out: readonly TokenView[]
  }
  estimate: { in: StudyCall; out: Estimate }
  run: { in: RunCall; out: { readonly outcome: 'done' | 'cancelled' } }
  cell: { in: StudyCall & { readonly cell: CellAddress; readonly look: CellLook }; out: CellAnswer }
  /** Its events come before its reply; a cancel makes it fail. */
  generate: { in: GenerateCall; out: null }
  doctor: { in: Record<string, never>; out: DoctorReport }
}

export type EngineMethod = keyof EngineMethods

export type RequestMessage = {
  [M in EngineMethod]: {
    readonly type: 'request'
    readonly id: number
    readonly method: M
    readonly input: EngineMethods[M]['in']
  }
}[EngineMethod]

export type ToEngine = RequestMessage | { readonly type: 'cancel'; readonly id: number }

export type FromEngine =
  | { readonly type: 'reply'; readonly id: number; readonly output: unknown }
  /** `leaving`: the process cannot go on and ends itself; the next request starts another. */
  | {
      readonly type: 'failure'
      readonly id: number
      readonly message: string
      readonly name: string
      readonly leaving: boolean
    }
  /** The model is loaded and the study begins; `source` is the text of its file where it is a user's own. */
  | { readonly type: 'began'; readonly id: number; readonly source: string | null }
  /** The file of a user's study is about to be imported, or (null) was: until then this process may be stuck in it. */
  | { readonly type: 'reading'; readonly id: number; readonly study: string | null }
  | { readonly type: 'events'; readonly id: number; readonly events: readonly EventBody[] }
  | { readonly type: 'generated'; readonly id: number; readonly event: GenerateEvent }

/** Cells wait this long, or until there are this many, before they cross. */
export const CELL_BATCH_MS = 50
export const CELL_BATCH_CELLS = 2048
export const PROGRESS_EVERY_MS = 250
