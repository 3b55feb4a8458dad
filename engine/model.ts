/** A model: spec, tokenizer and weights of one checkpoint, on one backend. */
import type { Backend, BackendName } from './backends/types.ts'
import type { Checkpoint } from './checkpoint/types.ts'
import type { ModelSpec } from './spec.ts'
import type { Tokenizer } from './tokenizer-types.ts'
import type { ModelWeights } from './weights.ts'

export interface Model {
  /** The folder's name, or what its config calls it. */
  readonly name: string
  readonly dir: string
  readonly spec: ModelSpec
  readonly tokenizer: Tokenizer
  readonly checkpoint: Checkpoint
  readonly backend: Backend
  readonly weights: ModelWeights
  /** Number of weights. */
  readonly parameters: number
  dispose(): Promise<void>
}

export interface LoadOptions {
  readonly backend?: BackendName | 'auto'
  /** Instead of the checkpoint's own; a checkpoint without one can so be run on token ids. */
  readonly tokenizer?: Tokenizer
  readonly onProgress?: (doneBytes: number, totalBytes: number) => void
}
