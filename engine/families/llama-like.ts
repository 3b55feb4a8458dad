/**
 * What most of today's families share: RMS norm before each half, gated MLP, rotary embedding,
 * grouped-query heads, and the names that transformers gives to their parts. A family file takes
 * this and says what differs. Defaults for absent keys are those of transformers' config classes.
 */
import type { ConfigReader } from '../checkpoint/config.ts'
import type { ModelSpec, RotarySpec } from '../spec.ts'
import type { ExpertSlots, Has, LayerSlots, ModelSlots } from './family.ts'
import { activationOf, linearSlot, optionalSize, windowsOf } from './reading.ts'
import { ropeKeys, rotaryOf } from './rope.ts'

/** What absent keys mean, and where a family keeps what. */
export interface Ways {
  readonly positions: number
  readonly eps?: number
  readonly theta?: number
  readonly vocab?: number
  readonly heads?: number
  /** When absent: as many as heads. */
  readonly kvHeads?: number
  /** When absent: hidden_size / heads. */
  readonly headDim?: number
  readonly tied?: boolean
  readonly activationKey?: string
  readonly activation?: string
  /** Local layers see `size` positions: all layers, or those of `isLocal`. When absent: none. */
  readonly window?: { readonly size: number | null; readonly isLocal?: (layer: number) => boolean }
  /** The rotary setting, where it takes more than the usual keys. */
  readonly rotary?: (dHead: number) => RotarySpec
}

/** The spec that the usual keys describe. */
export function llamaLikeSpec(family: string, config: ConfigReader, ways: Ways): ModelSpec {
  const dModel = config.size('hidden_size')
  const heads = config.size('num_attention_heads', ways.heads)
  const kvHeads = optionalSize(config, 'num_key_value_heads', ways.kvHeads ?? heads) ?? heads
  const dHead = optionalSize(config, 'head_dim', ways.headDim ?? null) ?? dModel / heads
  if (!Number.isInteger(dHead)) throw config.error('num_attention_heads', `a divisor of hidden_size ${dModel}`)
  if (heads % kvHeads !== 0) throw config.error('num_key_value_heads', `a divisor of num_attention_heads ${heads}`)
  if (dHead % 2 !== 0) throw config.error('head_dim', 'an even number')
  const rotary = ways.rotary?.(dHead) ?? wholeRotary(config, dHead, ways.theta)
  const { size, isLocal } = ways.window ?? { size: null }
  const windows = windowsOf(config, config.size('num_hidden_layers'), size, isLocal ?? (() => true))
  const attentionBias = config.boolean('attention_bias', false)
  return {
    family,
    layers: windows.map(window => ({ rotary, window, attentionScale: 1 / Math.sqrt(dHead), sparse: false })),
    dModel,
    heads,
    kvHeads,
    dHead,
    dMlp: config.size('intermediate_size'),
    vocab: config.size('vocab_size', ways.vocab),
    maxPositions: config.size('max_position_embeddings', ways.positions),
    biases: { qkv: attentionBias, attentionOut: attentionBias, mlp: config.boolean('mlp_bias', false) },
    norm: { kind: 'rms', eps: config.number('rms_norm_eps', ways.eps ?? 1e-6), offset: 0 },
    preNorm: true,
    postNorm: false,
    parallel: false,
    attentionSoftCap: null,
    qkNorm: 'none',
    gated: true,
    activation: activationOf(config, ways.activationKey ?? 'hidden_act', ways.activation ?? 'silu'),
    experts: null,
    embeddingScale: 1,
    learnedPositions: false,
    tiedEmbeddings: config.boolean('tie_word_embeddings', ways.tied ?? false),
    logitSoftCap: null,
  }
}

/** Rotary on all features of a head. @throws CheckpointError if the config rotates a part only */
function wholeRotary(config: ConfigReader, dHead: number, theta = 10_000): RotarySpec {
  const keys = ropeKeys(config, { theta })
  if (keys.share !== 1) throw config.error('partial_rotary_factor', '1')
  return rotaryOf(keys, dHead)
}

/** Where the text model's tensors start: `model.`, or inside a multimodal checkpoint. */
function textPrefix(has: Has): { readonly body: string; readonly head: string } {
  const head = ['language_model.lm_head', 'lm_head'].find(name => has(`${name}.weight`)) ?? 'lm_head'
  const body = ['model.', '', 'language_model.model.', 'model.language_model.', 'language_model.'].find(prefix =>
    has(`${prefix}embed_tokens.weight`),
  )
  return { body: body ?? 'model.', head }
}

/** Queries, keys, values and the output projection. */
export function attentionSlots(spec: ModelSpec, block: string, has: Has): Pick<LayerSlots, 'q' | 'k' | 'v' | 'o'> {
  const { qkv, attentionOut } = spec.biases
  return {
    q: linearSlot(`${block}.self_attn.q_proj`, qkv, has),
    k: linearSlot(`${block}.self_attn.k_proj`, qkv, has),
    v: linearSlot(`${block}.self_attn.v_proj`, qkv, has),
    o: linearSlot(`${block}.self_attn.o_proj`, attentionOut, has),
  }
}

/** A gated MLP, a dense layer's or an expert's. */
export function gatedSlots(spec: ModelSpec, at: string, has: Has, names = GATED_NAMES): ExpertSlots {
  return {
    gate: linearSlot(`${at}.${names.gate}`, spec.biases.mlp, has),
    up: linearSlot(`${at}.${names.up}`, spec.biases.mlp, has),
    down: linearSlot(`${at}.${names.down}`, spec.biases.mlp, has),
  }
}

const GATED_NAMES = { gate: 'gate_proj', up: 'up_proj', down: 'down_proj' }

/** The weights of the norms on queries and keys. */
export function qkNormSlots(block: string): Pick<LayerSlots, 'qNorm' | 'kNorm'> {
  return {
    qNorm: { weight: `${block}.self_attn.q_norm.weight` },
    kNorm: { weight: `${block}.self_attn.k_norm.weight` },
  }
}

/** The layer slots that most checkpoints name alike. */
export function llamaLikeLayer(spec: ModelSpec, block: string, has: Has): LayerSlots {
  return {
    ln1: { weight: `${block}.input_layernorm.weight` },
    ln2: { weight: `${block}.post_attention_layernorm.weight` },
    ...attentionSlots(spec, block, has),
    mlp: gatedSlots(spec, `${block}.mlp`, has),
  }
}

/** Slots around the layers; `layerSlots` fills each block. */
export function llamaLikeSlots(
  spec: ModelSpec,
  has: Has,
  layerSlots: (block: string, layer: number) => LayerSlots = block => llamaLikeLayer(spec, block, has),
): ModelSlots {
  const { body, head } = textPrefix(has)
  return {
    embedding: `${body}embed_tokens.weight`,
    finalNorm: { weight: `${body}norm.weight` },
    ...(spec.tiedEmbeddings ? {} : { unembed: linearSlot(head, false, has) }),
    layer: layer => layerSlots(`${body}layers.${layer}`, layer),
  }
}
