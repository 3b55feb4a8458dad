/**
 * A family: how one kind of `config.json` becomes a ModelSpec, and which tensor fills which slot.
 * Adding a family is adding a file of data; the forward pass does not change.
 */
import type { ConfigReader } from '../checkpoint/config.ts'
import type { ModelSpec } from '../spec.ts'

/** A tensor, or some rows of one: `[out, in]` matrices are cut along `out`. */
export interface TensorSlot {
  readonly name: string
  /** Ranges of rows, end exclusive, in order; all rows when absent. */
  readonly rows?: readonly (readonly [begin: number, end: number])[]
  /** Stored as [in, out]; rows are counted after turning it round. @default false */
  readonly transposed?: boolean
}

export interface LinearSlot {
  readonly weight: TensorSlot
  readonly bias?: TensorSlot
}

export interface NormSlot {
  readonly weight: string
  readonly bias?: string
}

export interface ExpertSlots {
  readonly gate?: LinearSlot
  readonly up: LinearSlot
  readonly down: LinearSlot
}

export interface LayerSlots {
  readonly ln1?: NormSlot
  readonly ln2?: NormSlot
  readonly ln1Post?: NormSlot
  readonly ln2Post?: NormSlot
  readonly q: LinearSlot
  readonly k: LinearSlot
  readonly v: LinearSlot
  readonly o: LinearSlot
  readonly qNorm?: NormSlot
  readonly kNorm?: NormSlot
  readonly mlp?: ExpertSlots
  readonly router?: LinearSlot
  readonly experts?: readonly ExpertSlots[]
}

export interface ModelSlots {
  readonly embedding: string
  readonly positions?: string
  /** First row of `positions` that is used (OPT-like offsets); 0 for all others. */
  readonly finalNorm: NormSlot
  /** Absent when the embedding serves. */
  readonly unembed?: LinearSlot
  layer(layer: number): LayerSlots
}

export interface Family {
  readonly name: string
  /** The values of `model_type` that it reads. */
  readonly modelTypes: readonly string[]
  /** @throws CheckpointError naming the key that is missing, wrong or not supported */
  spec(config: ConfigReader): ModelSpec
  /** @param has whether the checkpoint holds a tensor: some families differ in prefixes or optional biases */
  slots(spec: ModelSpec, has: (name: string) => boolean): ModelSlots
}
