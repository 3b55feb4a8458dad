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

/** The unembedding, which may be too large to stand in memory as float32. */
export interface Unembedding {
  /** [vocab] */
  readonly bias: Float32Array | null
  /** Consecutive parts of the vocabulary, in order. A part is valid until the next is asked for. */
  parts(): Iterable<Weight>
  /** The rows of some tokens, one after another: [tokens, d_model]. */
  rows(tokens: readonly number[]): Float32Array
}

export interface ModelWeights {
  /** Where the layers are: all in memory, or on disk and read one at a time. */
  readonly residency: Residency
  /** The embedding of one token, before any scale: [d_model]. */
  embedding(token: number): Float32Array
  /** [max_positions, d_model], for learned positions */
  readonly positions: Float32Array | null
  readonly finalNorm: NormWeights
  readonly unembed: Unembedding
  /**
   * The weights of a layer. From disk they come as a promise, and their matrices are lent: the next
   * layer is written over them, so use them before anything else is awaited. Matrices that were taken
   * back throw when they are read.
   */
  layer(layer: number): LayerWeights | Promise<LayerWeights>
  /** Takes back what is lent and what a backend holds of it; ends reading ahead. */
  dispose(): Promise<void>
}

export const RESIDENCIES = ['memory', 'disk'] as const
export type Residency = (typeof RESIDENCIES)[number]

/** The linear maps of a layer. */
export function linearsOf({ q, k, v, o, mlp, router, experts }: LayerWeights): LinearWeights[] {
  const ofMlp = ({ gate, up, down }: ExpertWeights): LinearWeights[] => (gate === null ? [up, down] : [gate, up, down])
  return [
    q,
    k,
    v,
    o,
    ...(mlp === null ? [] : ofMlp(mlp)),
    ...(router === null ? [] : [router]),
    ...experts.flatMap(ofMlp),
  ]
}
