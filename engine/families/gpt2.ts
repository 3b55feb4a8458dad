/**
 * GPT-2: LayerNorm, learned positions, biases everywhere, a plain MLP. Its linear maps are stored as
 * [in, out], queries, keys and values in one of them, block by block. Published files leave out the
 * `transformer.` before each name.
 */
import { CheckpointError } from '../errors.ts'
import type { Family, LinearSlot, TensorSlot } from './family.ts'
import { activationOf, expectValue, layerNormSlot, linearSlot } from './reading.ts'

export const gpt2: Family = {
  name: 'gpt2',
  modelTypes: ['gpt2'],
  spec: config => {
    const dModel = config.size('n_embd')
    const heads = config.size('n_head')
    if (dModel % heads !== 0) throw config.error('n_head', `a divisor of n_embd ${dModel}`)
    expectValue(config, 'add_cross_attention', false)
    const dHead = dModel / heads
    const scale = config.boolean('scale_attn_weights', true) ? 1 / Math.sqrt(dHead) : 1
    // `reorder_and_upcast_attn` changes when numbers are rounded in half precision, and nothing here.
    const byLayer = config.boolean('scale_attn_by_inverse_layer_idx', false)
    return {
      family: 'gpt2',
      layers: Array.from({ length: config.size('n_layer') }, (_, layer) => ({
        rotary: null,
        window: null,
        attentionScale: byLayer ? scale / (layer + 1) : scale,
        sparse: false,
      })),
      dModel,
      heads,
      kvHeads: heads,
      dHead,
      dMlp: config.optionalSize('n_inner') ?? 4 * dModel,
      vocab: config.size('vocab_size'),
      maxPositions: config.size('n_positions', 1024),
      biases: { qkv: true, attentionOut: true, mlp: true },
      norm: { kind: 'layer', eps: config.number('layer_norm_epsilon', 1e-5), offset: 0 },
      preNorm: true,
      postNorm: false,
      parallel: false,
      attentionSoftCap: null,
      qkNorm: 'none',
      gated: false,
      activation: activationOf(config, 'activation_function', 'gelu_new'),
      experts: null,
      embeddingScale: 1,
      learnedPositions: true,
      tiedEmbeddings: config.boolean('tie_word_embeddings', true),
      logitSoftCap: null,
    }
  },
  slots: (spec, has) => {
    const body = ['', 'transformer.'].find(prefix => has(`${prefix}wte.weight`))
    if (body === undefined) throw new CheckpointError('checkpoint: expected a tensor wte.weight, found none')
    return {
      embedding: `${body}wte.weight`,
      positions: `${body}wpe.weight`,
      finalNorm: layerNormSlot(`${body}ln_f`),
      ...(spec.tiedEmbeddings ? {} : { unembed: linearSlot('lm_head', false, has) }),
      layer: layer => {
        const block = `${body}h.${layer}`
        const fused = (part: number) => columns(`${block}.attn.c_attn`, part * spec.dModel, spec.dModel, 3)
        return {
          ln1: layerNormSlot(`${block}.ln_1`),
          ln2: layerNormSlot(`${block}.ln_2`),
          q: fused(0),
          k: fused(1),
          v: fused(2),
          o: transposed(`${block}.attn.c_proj`),
          mlp: { up: transposed(`${block}.mlp.c_fc`), down: transposed(`${block}.mlp.c_proj`) },
        }
      },
    }
  },
}

function transposed(name: string): LinearSlot {
  return { weight: { name: `${name}.weight`, transposed: true }, bias: { name: `${name}.bias` } }
}

/** `width` outputs of a fused map that has `times` as many. */
function columns(name: string, begin: number, width: number, times: number): LinearSlot {
  const part: TensorSlot['part'] = { of: times * width, ranges: [[begin, begin + width]] }
  return { weight: { name: `${name}.weight`, transposed: true, part }, bias: { name: `${name}.bias`, part } }
}
