/** A model: spec, tokenizer and weights of one checkpoint, on one backend. */
import type { Backend, BackendName, Dtype } from './backends/types.ts'
import type { Checkpoint } from './checkpoint/types.ts'
import type { ModelSpec } from './spec.ts'
import type { Tokenizer } from './tokenizer-types.ts'
import type { ModelWeights, Residency } from './weights.ts'

export interface Model {
  /** The folder's name, or what its config calls it. */
  readonly name: string
  readonly dir: string
  readonly spec: ModelSpec
  readonly tokenizer: Tokenizer
  readonly checkpoint: Checkpoint
  readonly backend: Backend
  /** Why that backend, for people: that it was asked for, or what was measured. */
  readonly backendNote: string
  readonly weights: ModelWeights
  /**
   * One sentence for people where weights stay on disk, why and what a pass takes, or where they are
   * bfloat16. Null where they are float32 in memory.
   */
  readonly weightsNote: string | null
  /** Number of weights. */
  readonly parameters: number
  /** Frees the weights, what a backend holds of them, and the files. */
  dispose(): Promise<void>
}

export interface LoadOptions {
  readonly backend?: BackendName | 'auto'
  /**
   * Format in which weights are kept and multiplied: `bf16` halves their memory, and needs the `blas`
   * backend with oneDNN on a processor that has it. `auto` is `f32`.
   * @default PATCHLIGHT_DTYPE, else `auto`
   */
  readonly dtype?: Dtype | 'auto'
  /** Instead of the checkpoint's own; a checkpoint without one can so be run on token ids. */
  readonly tokenizer?: Tokenizer
  /**
   * Weights in memory, or on disk and read a layer at a time; `auto` is memory where they fit.
   * @default PATCHLIGHT_WEIGHTS, else `auto`
   */
  readonly residency?: Residency | 'auto'
  readonly onProgress?: (doneBytes: number, totalBytes: number) => void
}
