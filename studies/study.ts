/**
 * What a study is. `defineStudy` is the identity with types: a file that default-exports its result
 * is a study, built in or the user's own.
 */
import type { Model } from '../engine/model.ts'
import type { Intervention } from '../hooks/intervention.ts'
import type { FigureSpec, TableSpec } from './figure.ts'
import type { ParamSchema, ParamsOf, ParamValue } from './params.ts'

/** A named set of parameter values; what it leaves out keeps its default. */
export interface Preset {
  readonly id: string
  readonly title: string
  /** Whom it is for. The embedded model's preset is the one a newcomer starts with. */
  readonly for: 'embedded' | 'large'
  readonly values: Readonly<Record<string, ParamValue>>
}

/** What will run, before it runs. */
export interface Estimate {
  /** One sentence for people: `960 patches over 16 layers in 4 slices`. */
  readonly summary: string
  readonly patches: number
  /** Floating-point operations; time follows from them and the machine's measured rate. */
  readonly flops: number
  readonly peakBytes: number
}

/** One run of a sweep, for looking at a single cell. */
export interface CellQuestion {
  /** In words: `Residual stream before layer 4 at position 7 (·am), taken from the clean prompt`. */
  readonly what: string
  /** Token ids of the prompt that is patched. */
  readonly ids: readonly number[]
  /** The position whose next-token distribution is compared. */
  readonly position: number
  readonly interventions: readonly Intervention[]
  /** Tokens that the study's metric follows. @default the likeliest token without the patch */
  readonly answer?: readonly number[]
  /** Tokens that the answer is held against. */
  readonly against?: readonly number[]
}

/** A declared figure that takes cells as they are known. */
export interface FigureSink {
  readonly spec: FigureSpec
  /** Cells that are in the journal already (after a resume), or were set in this process. */
  has(index: number): boolean
  /** The value of a cell that `has`. NaN where it has none. */
  get(index: number): number
  /** The mark of a cell that `has`; 0 is none. */
  mark(index: number): number
  set(index: number, value: number, mark?: number): void
}

export interface StudyContext<S extends ParamSchema = ParamSchema> {
  readonly model: Model
  readonly params: ParamsOf<S>
  /** Aborts when the user cancels; long work checks it between slices. */
  readonly signal: AbortSignal
  /** Bytes that a sweep may hold above the weights. */
  readonly memoryBytes: number
  /** For whatever the study draws at random; recorded with the run. */
  readonly seed: number
  /** Declares a figure; on a resume its cells come back. */
  figure(spec: FigureSpec): FigureSink
  table(spec: TableSpec): void
  /** How far the run is; counts patches, or whatever the study's unit of work is. */
  progress(done: number, total: number): void
  /** One sentence that the reader of the results should know. */
  note(text: string): void
  /** Numbers for the run's summary. */
  summary(values: Readonly<Record<string, number | string>>): void
  /** Hands what was set so far to the journal, and lets cancelling happen. Await it between slices. */
  flush(): Promise<void>
}

export interface Study<S extends ParamSchema = ParamSchema> {
  /** Kebab-case; the command line's name for it. */
  readonly id: string
  readonly title: string
  /** One sentence: the causal question. */
  readonly question: string
  /** A paragraph: what is done, and its source. */
  readonly about: string
  readonly params: S
  readonly presets: readonly Preset[]
  /** Checks the parameters against the model and says what will run. Throws StudyError on what cannot. */
  estimate(model: Model, params: ParamsOf<S>): Promise<Estimate>
  run(context: StudyContext<S>): Promise<void>
  /** What one cell's run was, so that it can be done again and looked at. Null where a cell has no single run. */
  cell(model: Model, params: ParamsOf<S>, figure: string, index: number): Promise<CellQuestion | null>
}

/** Identity with inference: gives `params` its literal types inside `run`. */
export function defineStudy<const S extends ParamSchema>(study: Study<S>): Study<S> {
  return study
}

export type { FigureSpec, TableSpec }
