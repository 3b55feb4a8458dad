/**
 * Weights in host memory, by slot. A family says which tensor fills which slot; nothing after this
 * file knows a tensor's name. The engine asks for a layer when it is its turn, so that a model
 * larger than memory can be read layer by layer.
 */
import type { Weight } from './backends/types.ts'

/** A norm's weight, and its bias where it has one. */
export interface NormWeights {
  readonly weight: Float32Array // [width]
  readonly bias: Float32Array | null // [width]
}

export interface LinearWeights {
  readonly weight: Weight
  readonly bias: Float32Array | null // [out]
}

export interface ExpertWeights {
  readonly gate: LinearWeights | null
  readonly up: LinearWeights
  readonly down: LinearWeights
}

export interface LayerWeights {
  readonly ln1: NormWeights | null
  readonly ln2: NormWeights | null
  readonly ln1Post: NormWeights | null
  readonly ln2Post: NormWeights | null
  readonly q: LinearWeights
  readonly k: LinearWeights
  readonly v: LinearWeights
  readonly o: LinearWeights
  readonly qNorm: NormWeights | null
  readonly kNorm: NormWeights | null
  /** The MLP of a dense layer; null with experts. */
  readonly mlp: ExpertWeights | null
  readonly router: LinearWeights | null
  readonly experts: readonly ExpertWeights[]
}

export interface ModelWeights {
  /** [vocab, d_model] */
  readonly embedding: Float32Array
  /** [max_positions, d_model], for learned positions */
  readonly positions: Float32Array | null
  readonly finalNorm: NormWeights
  readonly unembed: LinearWeights
  /** The weights of a layer; the promise form lets them come from disk. */
  layer(layer: number): LayerWeights | Promise<LayerWeights>
}
