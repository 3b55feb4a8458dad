/**
 * Every hook point: one table, one row a kind of point (a site). Names are TransformerLens's. Types,
 * validation, short forms, the sweep planner and the page's lists derive from it.
 *
 * Shapes are per lane and without a batch axis: the leading axis is the lane's positions, except for
 * scores and patterns, whose axes are [head, query, key].
 */
import type { ModelSpec } from './spec.ts'

export type AxisName =
  | 'pos'
  | 'head'
  | 'kv_head'
  | 'd_head'
  | 'd_model'
  | 'd_mlp'
  | 'd_expert'
  | 'vocab'
  | 'expert'
  | 'one'
  | 'query'
  | 'key'

/** The half of the forward pass that computes a point; a changed point needs that half run again, or less. */
export type Stage = 'embed' | 'attention' | 'mlp' | 'end' | 'unembed'

/**
 * How a change reaches the residual stream. `stream`: it is the stream, or is added to it as it is;
 * `linear`: through one matrix; `inner`: through something that is not linear.
 */
export type Reach = 'stream' | 'linear' | 'inner'

/** One row of the table. */
export interface SiteRow {
  readonly name: string
  readonly axes: readonly AxisName[]
  readonly stage: Stage
  readonly reach: Reach
  readonly when?: (spec: ModelSpec, layer: number) => boolean
  readonly meaning: string
}

const perPosition = ['pos', 'd_model'] as const
const prenorm = (spec: ModelSpec) => spec.preNorm
const postnorm = (spec: ModelSpec) => spec.postNorm
const sequential = (spec: ModelSpec) => !spec.parallel
const dense = (spec: ModelSpec, layer: number) => spec.layers[layer]?.sparse === false
const routed = (spec: ModelSpec, layer: number) => spec.layers[layer]?.sparse === true
const rotated = (spec: ModelSpec, layer: number) => spec.layers[layer]?.rotary !== null
const qkNormed = (spec: ModelSpec) => spec.qkNorm !== 'none'
const headNormed = (spec: ModelSpec) => spec.qkNorm === 'head'
const wholeNormed = (spec: ModelSpec) => spec.qkNorm === 'full'

/** In the order in which they fire. */
export const SITES = {
  embed: {
    name: 'hook_embed',
    axes: perPosition,
    stage: 'embed',
    reach: 'stream',
    meaning: 'Token embedding, scaled where the model scales it.',
  },
  pos_embed: {
    name: 'hook_pos_embed',
    axes: perPosition,
    stage: 'embed',
    reach: 'stream',
    when: spec => spec.learnedPositions,
    meaning: 'Learned position embedding.',
  },

  resid_pre: {
    name: 'blocks.{layer}.hook_resid_pre',
    axes: perPosition,
    stage: 'attention',
    reach: 'stream',
    meaning: 'Residual stream as the block receives it.',
  },
  ln1_scale: {
    name: 'blocks.{layer}.ln1.hook_scale',
    axes: ['pos', 'one'],
    stage: 'attention',
    reach: 'inner',
    when: prenorm,
    meaning: 'What the norm before attention divides by.',
  },
  ln1_normalized: {
    name: 'blocks.{layer}.ln1.hook_normalized',
    axes: perPosition,
    stage: 'attention',
    reach: 'inner',
    when: prenorm,
    meaning: 'The stream divided by that scale, before the norm’s weight.',
  },
  q: {
    name: 'blocks.{layer}.attn.hook_q',
    axes: ['pos', 'head', 'd_head'],
    stage: 'attention',
    reach: 'inner',
    meaning: 'Queries, before norm and rotary.',
  },
  k: {
    name: 'blocks.{layer}.attn.hook_k',
    axes: ['pos', 'kv_head', 'd_head'],
    stage: 'attention',
    reach: 'inner',
    meaning: 'Keys, before norm and rotary.',
  },
  v: {
    name: 'blocks.{layer}.attn.hook_v',
    axes: ['pos', 'kv_head', 'd_head'],
    stage: 'attention',
    reach: 'inner',
    meaning: 'Values.',
  },
  q_norm_scale: {
    name: 'blocks.{layer}.attn.q_norm.hook_scale',
    axes: ['pos', 'head', 'one'],
    stage: 'attention',
    reach: 'inner',
    when: headNormed,
    meaning: 'What the norm on each query divides by.',
  },
  q_whole_norm_scale: {
    name: 'blocks.{layer}.attn.q_norm.hook_scale',
    axes: ['pos', 'one'],
    stage: 'attention',
    reach: 'inner',
    when: wholeNormed,
    meaning: 'What the norm on all heads’ queries together divides by.',
  },
  q_normalized: {
    name: 'blocks.{layer}.attn.q_norm.hook_normalized',
    axes: ['pos', 'head', 'd_head'],
    stage: 'attention',
    reach: 'inner',
    when: qkNormed,
    meaning: 'Queries divided by that scale.',
  },
  k_norm_scale: {
    name: 'blocks.{layer}.attn.k_norm.hook_scale',
    axes: ['pos', 'kv_head', 'one'],
    stage: 'attention',
    reach: 'inner',
    when: headNormed,
    meaning: 'What the norm on each key divides by.',
  },
  k_whole_norm_scale: {
    name: 'blocks.{layer}.attn.k_norm.hook_scale',
    axes: ['pos', 'one'],
    stage: 'attention',
    reach: 'inner',
    when: wholeNormed,
    meaning: 'What the norm on all heads’ keys together divides by.',
  },
  k_normalized: {
    name: 'blocks.{layer}.attn.k_norm.hook_normalized',
    axes: ['pos', 'kv_head', 'd_head'],
    stage: 'attention',
    reach: 'inner',
    when: qkNormed,
    meaning: 'Keys divided by that scale.',
  },
  rot_q: {
    name: 'blocks.{layer}.attn.hook_rot_q',
    axes: ['pos', 'head', 'd_head'],
    stage: 'attention',
    reach: 'inner',
    when: rotated,
    meaning: 'Queries after norm and rotary.',
  },
  rot_k: {
    name: 'blocks.{layer}.attn.hook_rot_k',
    axes: ['pos', 'kv_head', 'd_head'],
    stage: 'attention',
    reach: 'inner',
    when: rotated,
    meaning: 'Keys after norm and rotary.',
  },
  attn_scores: {
    name: 'blocks.{layer}.attn.hook_attn_scores',
    axes: ['head', 'query', 'key'],
    stage: 'attention',
    reach: 'inner',
    meaning: 'Scaled query · key, −∞ where the query may not look.',
  },
  pattern: {
    name: 'blocks.{layer}.attn.hook_pattern',
    axes: ['head', 'query', 'key'],
    stage: 'attention',
    reach: 'inner',
    meaning: 'Attention weights; each query’s sum to 1.',
  },
  z: {
    name: 'blocks.{layer}.attn.hook_z',
    axes: ['pos', 'head', 'd_head'],
    stage: 'attention',
    reach: 'linear',
    meaning: 'Each head’s mix of values, before the output projection.',
  },
  result: {
    name: 'blocks.{layer}.attn.hook_result',
    axes: ['pos', 'head', 'd_model'],
    stage: 'attention',
    reach: 'linear',
    meaning: 'What each head adds to the attention output; computed only when asked for.',
  },
  ln1_post_scale: {
    name: 'blocks.{layer}.ln1_post.hook_scale',
    axes: ['pos', 'one'],
    stage: 'attention',
    reach: 'inner',
    when: postnorm,
    meaning: 'What the norm after attention divides by.',
  },
  ln1_post_normalized: {
    name: 'blocks.{layer}.ln1_post.hook_normalized',
    axes: perPosition,
    stage: 'attention',
    reach: 'inner',
    when: postnorm,
    meaning: 'The attention output divided by that scale.',
  },
  attn_out: {
    name: 'blocks.{layer}.hook_attn_out',
    axes: perPosition,
    stage: 'attention',
    reach: 'stream',
    meaning: 'What attention adds to the residual stream.',
  },
  resid_mid: {
    name: 'blocks.{layer}.hook_resid_mid',
    axes: perPosition,
    stage: 'mlp',
    reach: 'stream',
    when: sequential,
    meaning: 'Residual stream between attention and MLP.',
  },
  ln2_scale: {
    name: 'blocks.{layer}.ln2.hook_scale',
    axes: ['pos', 'one'],
    stage: 'mlp',
    reach: 'inner',
    when: prenorm,
    meaning: 'What the norm before the MLP divides by.',
  },
  ln2_normalized: {
    name: 'blocks.{layer}.ln2.hook_normalized',
    axes: perPosition,
    stage: 'mlp',
    reach: 'inner',
    when: prenorm,
    meaning: 'The stream divided by that scale, before the norm’s weight.',
  },
  expert_weights: {
    name: 'blocks.{layer}.mlp.hook_expert_weights',
    axes: ['pos', 'expert'],
    stage: 'mlp',
    reach: 'inner',
    when: routed,
    meaning: 'Weights of the chosen experts, largest first.',
  },
  expert_indices: {
    name: 'blocks.{layer}.mlp.hook_expert_indices',
    axes: ['pos', 'expert'],
    stage: 'mlp',
    reach: 'inner',
    when: routed,
    meaning: 'The chosen experts, in the order of their weights.',
  },
  expert_pre: {
    name: 'blocks.{layer}.mlp.experts.{expert}.hook_pre',
    axes: ['pos', 'd_expert'],
    stage: 'mlp',
    reach: 'inner',
    when: routed,
    meaning: 'What goes into an expert’s activation function; 0, and without effect, where it is not chosen.',
  },
  expert_pre_linear: {
    name: 'blocks.{layer}.mlp.experts.{expert}.hook_pre_linear',
    axes: ['pos', 'd_expert'],
    stage: 'mlp',
    reach: 'inner',
    when: (spec, layer) => routed(spec, layer) && spec.gated,
    meaning: 'The branch of an expert that its gate multiplies; 0 where it is not chosen.',
  },
  expert_post: {
    name: 'blocks.{layer}.mlp.experts.{expert}.hook_post',
    axes: ['pos', 'd_expert'],
    stage: 'mlp',
    reach: 'inner',
    when: routed,
    meaning: 'An expert’s neuron activations; 0 where it is not chosen.',
  },
  mlp_pre: {
    name: 'blocks.{layer}.mlp.hook_pre',
    axes: ['pos', 'd_mlp'],
    stage: 'mlp',
    reach: 'inner',
    when: dense,
    meaning: 'What goes into the activation function (the gate, where there is one).',
  },
  mlp_pre_linear: {
    name: 'blocks.{layer}.mlp.hook_pre_linear',
    axes: ['pos', 'd_mlp'],
    stage: 'mlp',
    reach: 'inner',
    when: (spec, layer) => dense(spec, layer) && spec.gated,
    meaning: 'The branch that the gate multiplies.',
  },
  mlp_post: {
    name: 'blocks.{layer}.mlp.hook_post',
    axes: ['pos', 'd_mlp'],
    stage: 'mlp',
    reach: 'linear',
    when: dense,
    meaning: 'Neuron activations, as the output projection receives them.',
  },
  ln2_post_scale: {
    name: 'blocks.{layer}.ln2_post.hook_scale',
    axes: ['pos', 'one'],
    stage: 'mlp',
    reach: 'inner',
    when: postnorm,
    meaning: 'What the norm after the MLP divides by.',
  },
  ln2_post_normalized: {
    name: 'blocks.{layer}.ln2_post.hook_normalized',
    axes: perPosition,
    stage: 'mlp',
    reach: 'inner',
    when: postnorm,
    meaning: 'The MLP output divided by that scale.',
  },
  mlp_out: {
    name: 'blocks.{layer}.hook_mlp_out',
    axes: perPosition,
    stage: 'mlp',
    reach: 'stream',
    meaning: 'What the MLP adds to the residual stream.',
  },
  resid_post: {
    name: 'blocks.{layer}.hook_resid_post',
    axes: perPosition,
    stage: 'end',
    reach: 'stream',
    meaning: 'Residual stream as the block leaves it.',
  },

  ln_final_scale: {
    name: 'ln_final.hook_scale',
    axes: ['pos', 'one'],
    stage: 'unembed',
    reach: 'inner',
    meaning: 'What the last norm divides by.',
  },
  ln_final_normalized: {
    name: 'ln_final.hook_normalized',
    axes: perPosition,
    stage: 'unembed',
    reach: 'inner',
    meaning: 'The last stream divided by that scale, before the norm’s weight.',
  },
  unembed_in: {
    name: 'unembed.hook_in',
    axes: perPosition,
    stage: 'unembed',
    reach: 'inner',
    meaning: 'What the unembedding receives.',
  },
  unembed_out: {
    name: 'unembed.hook_out',
    axes: ['pos', 'vocab'],
    stage: 'unembed',
    reach: 'inner',
    meaning: 'Logits, soft-capped where the model does so.',
  },
} as const satisfies Record<string, SiteRow>

export type Site = keyof typeof SITES
/** Ids of all sites, in the table's order. */
export const SITE_IDS = Object.keys(SITES) as readonly Site[]
