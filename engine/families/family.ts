/**
 * A family: how one kind of `config.json` becomes a ModelSpec, and which tensor fills which slot.
 * Adding a family is adding a file of data; the forward pass does not change.
 */
import type { ConfigReader } from '../checkpoint/config.ts'
import type { ModelSpec } from '../spec.ts'

/** A tensor, or some of its outputs: the rows of `[out, in]`, the columns of `[in, out]`. */
export interface TensorSlot {
  readonly name: string
  /** Of a fused tensor with `of` outputs: ranges of them, end exclusive, in order. All when absent. */
  readonly part?: { readonly of: number; readonly ranges: readonly (readonly [begin: number, end: number])[] }
  /** Stored as [in, out]. @default false */
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
  /** A dense layer's; a sparse one has `router` and `experts`. */
  readonly mlp?: ExpertSlots
  readonly router?: LinearSlot
  readonly experts?: readonly ExpertSlots[]
}

export interface ModelSlots {
  readonly embedding: string
  readonly positions?: string
  readonly finalNorm: NormSlot
  /** Absent when the embedding serves. */
  readonly unembed?: LinearSlot
  layer(layer: number): LayerSlots
}

/** Whether the checkpoint holds a tensor. */
export type Has = (name: string) => boolean

export interface Family {
  readonly name: string
  /** The values of `model_type` that it reads. */
  readonly modelTypes: readonly string[]
  /** @throws CheckpointError naming the key that is missing, wrong or not supported */
  spec(config: ConfigReader): ModelSpec
  /** @param has some families' checkpoints differ in their names' prefix */
  slots(spec: ModelSpec, has: Has): ModelSlots
}
