/**
 * GPT-NeoX and Pythia: LayerNorm, attention and MLP side by side on the same stream (each with a norm
 * of its own), rotary on the first part of each head. Queries, keys and values are one map, whose
 * outputs stand head by head: the first head's q, k and v, then the second's.
 */
import type { Family, LinearSlot } from './family.ts'
import { activationOf, layerNormSlot, linearSlot } from './reading.ts'
import { ropeKeys, rotaryOf } from './rope.ts'

export const gptNeox: Family = {
  name: 'gpt_neox',
  modelTypes: ['gpt_neox'],
  spec: config => {
    const dModel = config.size('hidden_size')
    const heads = config.size('num_attention_heads')
    if (dModel % heads !== 0) throw config.error('num_attention_heads', `a divisor of hidden_size ${dModel}`)
    const dHead = dModel / heads
    const keys = ropeKeys(config, { thetaKey: 'rotary_emb_base', shareKey: 'rotary_pct', share: 0.25 })
    const rotated = Math.floor(dHead * keys.share)
    if (rotated < 2 || rotated > dHead || rotated % 2 !== 0)
      throw config.error('rotary_pct', `a share of ${dHead} that is an even number of features`)
    const rotary = rotaryOf(keys, rotated)
    const attentionBias = config.boolean('attention_bias', true)
    return {
      family: 'gpt_neox',
      layers: Array.from({ length: config.size('num_hidden_layers') }, () => ({
        rotary,
        window: null,
        attentionScale: 1 / Math.sqrt(dHead),
        sparse: false,
      })),
      dModel,
      heads,
      kvHeads: heads,
      dHead,
      dMlp: config.size('intermediate_size'),
      vocab: config.size('vocab_size'),
      maxPositions: config.size('max_position_embeddings', 2048),
      biases: { qkv: attentionBias, attentionOut: attentionBias, mlp: true },
      norm: { kind: 'layer', eps: config.number('layer_norm_eps', 1e-5), offset: 0 },
      preNorm: true,
      postNorm: false,
      parallel: config.boolean('use_parallel_residual', true),
      attentionSoftCap: null,
      qkNorm: 'none',
      gated: false,
      activation: activationOf(config, 'hidden_act', 'gelu'),
      experts: null,
      embeddingScale: 1,
      learnedPositions: false,
      tiedEmbeddings: config.boolean('tie_word_embeddings', false),
      logitSoftCap: null,
    }
  },
  slots: (spec, has) => ({
    embedding: 'gpt_neox.embed_in.weight',
    finalNorm: layerNormSlot('gpt_neox.final_layer_norm'),
    ...(spec.tiedEmbeddings ? {} : { unembed: linearSlot('embed_out', false, has) }),
    layer: layer => {
      const block = `gpt_neox.layers.${layer}`
      const { heads, dHead, biases } = spec
      const fused = linearSlot(`${block}.attention.query_key_value`, biases.qkv, has)
      return {
        ln1: layerNormSlot(`${block}.input_layernorm`),
        ln2: layerNormSlot(`${block}.post_attention_layernorm`),
        q: interleaved(fused, 0, heads, dHead),
        k: interleaved(fused, 1, heads, dHead),
        v: interleaved(fused, 2, heads, dHead),
        o: linearSlot(`${block}.attention.dense`, biases.attentionOut, has),
        mlp: {
          up: linearSlot(`${block}.mlp.dense_h_to_4h`, biases.mlp, has),
          down: linearSlot(`${block}.mlp.dense_4h_to_h`, biases.mlp, has),
        },
      }
    },
  }),
}

/** The `which`-th of the three stretches of each head. */
function interleaved(fused: LinearSlot, which: 0 | 1 | 2, heads: number, dHead: number): LinearSlot {
  const ranges = Array.from({ length: heads }, (_, head) => {
    const begin = (3 * head + which) * dHead
    return [begin, begin + dHead] as const
  })
  const part = { of: 3 * heads * dHead, ranges }
  return {
    weight: { ...fused.weight, part },
    ...(fused.bias === undefined ? {} : { bias: { ...fused.bias, part } }),
  }
}
