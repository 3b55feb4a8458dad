/**
 * ModelSpec: what a transformer is, as data. A family file turns `config.json` into one; the
 * forward pass asks the spec what to do and never asks what the family is called.
 */

export const ACTIVATIONS = ['silu', 'gelu', 'gelu_tanh', 'relu'] as const
export type Activation = (typeof ACTIVATIONS)[number]

export interface NormSpec {
  /** `rms`: x / √(mean x² + eps) · w. `layer`: (x − mean) / √(var + eps) · w + b. */
  readonly kind: 'rms' | 'layer'
  readonly eps: number
  /** Added to the stored weight before it is applied (Gemma stores w − 1). */
  readonly offset: 0 | 1
}

export interface RotarySpec {
  /** Angular frequency of each pair, in radians a position; length is half of the rotated width. */
  readonly frequencies: readonly number[]
  /** Multiplies cos and sin (1 for all but long-context variants). */
  readonly amplitude: number
}

export interface LayerSpec {
  /** Null: this layer has no rotary embedding. */
  readonly rotary: RotarySpec | null
  /** Number of positions that a query sees, its own included; null for all before it. */
  readonly window: number | null
  /** Multiplies query · key. */
  readonly attentionScale: number
  /** The MLP is a mixture of experts. */
  readonly sparse: boolean
}

export interface ExpertsSpec {
  readonly count: number
  /** Experts that each position uses. */
  readonly perToken: number
  /** Neurons of one expert. */
  readonly dExpert: number
  /** Whether the chosen experts' weights (softmax over all experts) are scaled to sum to 1. */
  readonly normalize: boolean
}

/** Which linear maps have a bias. */
export interface BiasSpec {
  readonly qkv: boolean
  readonly attentionOut: boolean
  readonly mlp: boolean
}

export interface ModelSpec {
  /** For people and error messages; nothing branches on it. */
  readonly family: string
  readonly layers: readonly LayerSpec[]
  readonly dModel: number
  readonly heads: number
  readonly kvHeads: number
  readonly dHead: number
  /** Neurons of a dense layer's MLP. */
  readonly dMlp: number
  readonly vocab: number
  /** Longest sequence that we run. */
  readonly maxPositions: number

  readonly biases: BiasSpec
  readonly norm: NormSpec
  /** Norm before attention and before the MLP (`ln1`, `ln2`). */
  readonly preNorm: boolean
  /** Norm on what attention and MLP add to the stream (`ln1_post`, `ln2_post`). */
  readonly postNorm: boolean
  /** Attention and MLP both read `hook_resid_pre`; there is no `hook_resid_mid`. */
  readonly parallel: boolean

  /** cap · tanh(score / cap), or null. */
  readonly attentionSoftCap: number | null
  /** Norm on queries and keys: per head, over the whole width, or none. */
  readonly qkNorm: 'none' | 'head' | 'full'

  readonly gated: boolean
  readonly activation: Activation
  /** The experts of the sparse layers; null when there are none. */
  readonly experts: ExpertsSpec | null

  /** Multiplies the token embedding (Gemma: √d_model). */
  readonly embeddingScale: number
  readonly learnedPositions: boolean
  readonly tiedEmbeddings: boolean
  readonly logitSoftCap: number | null
}

/** Whether adding to `hook_z` or `mlp.hook_post` adds linearly to the residual stream. */
export function writesLinearly(spec: ModelSpec): boolean {
  return !spec.postNorm
}
