/**
 * Llama 1 to 3.x, TinyLlama, SmolLM/2 and Mistral: RMS norm before each half, gated MLP, rotary
 * embedding, grouped-query heads. Mistral adds a window; its text model may stand inside a
 * multimodal checkpoint under `text_config` and `language_model.`.
 */
import type { ConfigReader } from '../checkpoint/config.ts'
import type { Activation, ModelSpec } from '../spec.ts'
import type { Family, LayerSlots, LinearSlot, ModelSlots } from './family.ts'
import { rotaryOf } from './rope.ts'

const ACTIVATION_OF: Readonly<Record<string, Activation>> = {
  silu: 'silu',
  swish: 'silu',
  gelu: 'gelu',
  gelu_new: 'gelu_tanh',
  gelu_fast: 'gelu_tanh',
  gelu_pytorch_tanh: 'gelu_tanh',
  relu: 'relu',
}

/** The activation that a config names. */
export function activationOf(config: ConfigReader, key: string, fallback?: string): Activation {
  const activation = ACTIVATION_OF[config.string(key, fallback)]
  if (activation === undefined) throw config.error(key, `one of ${Object.keys(ACTIVATION_OF).join(', ')}`)
  return activation
}

/** Refuses a config value that we would otherwise ignore. */
export function refuse(
  config: ConfigReader,
  key: string,
  isSupported: (value: unknown) => boolean,
  expected: string,
): void {
  if (config.has(key) && !isSupported(config.raw(key))) throw config.error(key, expected)
}

/** The sizes that every Llama-like config spells alike. */
export function llamaLikeSpec(
  family: string,
  config: ConfigReader,
  window: (layer: number) => number | null,
): ModelSpec {
  const dModel = config.size('hidden_size')
  const heads = config.size('num_attention_heads')
  const kvHeads = config.size('num_key_value_heads', heads)
  const dHead = config.optionalSize('head_dim') ?? dModel / heads
  if (!Number.isInteger(dHead)) throw config.error('num_attention_heads', `a divisor of hidden_size ${dModel}`)
  if (heads % kvHeads !== 0) throw config.error('num_key_value_heads', `a divisor of num_attention_heads ${heads}`)
  if (dHead % 2 !== 0) throw config.error('head_dim', 'an even number')
  refuse(config, 'pretraining_tp', value => value === 1, '1')
  const rotary = rotaryOf(config, { width: dHead })
  return {
    family,
    layers: Array.from({ length: config.size('num_hidden_layers') }, (_, layer) => ({ rotary, window: window(layer) })),
    dModel,
    heads,
    kvHeads,
    dHead,
    dMlp: config.size('intermediate_size'),
    vocab: config.size('vocab_size'),
    maxPositions: config.size('max_position_embeddings', 2048),
    norm: { kind: 'rms', eps: config.number('rms_norm_eps', 1e-6), offset: 0 },
    preNorm: true,
    postNorm: false,
    parallel: false,
    sharedNorm: false,
    attentionScale: 1 / Math.sqrt(dHead),
    attentionSoftCap: null,
    qkNorm: 'none',
    gated: true,
    activation: activationOf(config, 'hidden_act', 'silu'),
    experts: null,
    embeddingScale: 1,
    learnedPositions: false,
    tiedEmbeddings: config.boolean('tie_word_embeddings', false),
    logitSoftCap: null,
  }
}

/** A linear slot whose bias is there when the checkpoint has one. */
export function linearSlot(name: string, has: (name: string) => boolean): LinearSlot {
  const weight = { name: `${name}.weight` }
  return has(`${name}.bias`) ? { weight, bias: { name: `${name}.bias` } } : { weight }
}

/** Where the text model's tensors start: `model.`, or inside a multimodal checkpoint. */
export function textPrefix(has: (name: string) => boolean): { readonly body: string; readonly head: string } {
  for (const outer of ['', 'language_model.', 'model.language_model.']) {
    for (const inner of ['model.', '']) {
      if (has(`${outer}${inner}embed_tokens.weight`)) {
        const head = ['language_model.lm_head', 'lm_head'].find(name => has(`${name}.weight`)) ?? 'lm_head'
        return { body: `${outer}${inner}`, head }
      }
    }
  }
  return { body: 'model.', head: 'lm_head' }
}

/** The layer slots that every Llama-like checkpoint names alike. */
export function llamaLikeLayer(block: string, has: (name: string) => boolean): LayerSlots {
  const linear = (name: string) => linearSlot(`${block}.${name}`, has)
  return {
    ln1: { weight: `${block}.input_layernorm.weight` },
    ln2: { weight: `${block}.post_attention_layernorm.weight` },
    q: linear('self_attn.q_proj'),
    k: linear('self_attn.k_proj'),
    v: linear('self_attn.v_proj'),
    o: linear('self_attn.o_proj'),
    mlp: { gate: linear('mlp.gate_proj'), up: linear('mlp.up_proj'), down: linear('mlp.down_proj') },
  }
}

/** Slots around the layers; `layerSlots` fills each block. */
export function llamaLikeSlots(
  spec: ModelSpec,
  has: (name: string) => boolean,
  layerSlots: (block: string) => LayerSlots = block => llamaLikeLayer(block, has),
): ModelSlots {
  const { body, head } = textPrefix(has)
  return {
    embedding: `${body}embed_tokens.weight`,
    finalNorm: { weight: `${body}norm.weight` },
    ...(spec.tiedEmbeddings ? {} : { unembed: linearSlot(head, has) }),
    layer: layer => layerSlots(`${body}layers.${layer}`),
  }
}

export const llama: Family = {
  name: 'llama',
  modelTypes: ['llama'],
  spec: config => llamaLikeSpec('llama', config, () => null),
  slots: (spec, has) => llamaLikeSlots(spec, has),
}

export const mistral: Family = {
  name: 'mistral',
  modelTypes: ['mistral', 'mistral3'],
  spec: outer => {
    const config = outer.has('text_config') ? outer.child('text_config') : outer
    // transformers takes 4096 where the key is absent; null means no window, and a reader shows null as absent too.
    const window = config.optionalSize('sliding_window')
    return llamaLikeSpec('mistral', config, () => window)
  },
  slots: (spec, has) => llamaLikeSlots(spec, has),
}
