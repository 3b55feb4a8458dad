/**
 * Gemma 1, 2 and 3: embeddings scaled by √d_model, norms that multiply by 1 + weight, GELU-gated MLP.
 * Gemma 2 adds norms on what attention and MLP give, soft-caps, and a window on every other layer;
 * Gemma 3 has norms on queries and keys instead of caps, and its local layers a rotary base of their
 * own. Gemma 3's text model may stand inside a multimodal checkpoint, under `text_config`.
 */
import type { ConfigReader } from '../checkpoint/config.ts'
import type { ModelSpec } from '../spec.ts'
import type { Family, LayerSlots } from './family.ts'
import { attentionSlots, gatedSlots, llamaLikeSlots, llamaLikeSpec, qkNormSlots, type Ways } from './llama-like.ts'
import { expectAbsent, expectValue, optionalSize, softCap } from './reading.ts'
import { ropeKeys, rotaryOf } from './rope.ts'

/** What all three versions have. */
function gemmaSpec(family: string, config: ConfigReader, ways: Ways): ModelSpec {
  const spec = llamaLikeSpec(family, config, { headDim: 256, tied: true, activation: 'gelu_pytorch_tanh', ...ways })
  return { ...spec, norm: { ...spec.norm, offset: 1 }, embeddingScale: Math.sqrt(spec.dModel) }
}

/** What versions 2 and 3 have: post-norms, caps, and a scale of scores that is not the head size's. */
function cappedSpec(
  family: string,
  config: ConfigReader,
  ways: Ways,
  caps: { readonly scores: number | null; readonly logits: number | null },
): ModelSpec {
  const spec = gemmaSpec(family, config, { ...ways, activationKey: 'hidden_activation' })
  const attentionScale = 1 / Math.sqrt(config.size('query_pre_attn_scalar', 256))
  return {
    ...spec,
    layers: spec.layers.map(layer => ({ ...layer, attentionScale })),
    postNorm: true,
    attentionSoftCap: softCap(config, 'attn_logit_softcapping', caps.scores),
    logitSoftCap: softCap(config, 'final_logit_softcapping', caps.logits),
  }
}

function cappedLayer(spec: ModelSpec, block: string, has: (name: string) => boolean): LayerSlots {
  return {
    ln1: { weight: `${block}.input_layernorm.weight` },
    ln1Post: { weight: `${block}.post_attention_layernorm.weight` },
    ln2: { weight: `${block}.pre_feedforward_layernorm.weight` },
    ln2Post: { weight: `${block}.post_feedforward_layernorm.weight` },
    ...attentionSlots(spec, block, has),
    mlp: gatedSlots(spec, `${block}.mlp`, has),
  }
}

export const gemma: Family = {
  name: 'gemma',
  modelTypes: ['gemma'],
  spec: config => gemmaSpec('gemma', config, { positions: 8192, kvHeads: 16 }),
  slots: llamaLikeSlots,
}

export const gemma2: Family = {
  name: 'gemma2',
  modelTypes: ['gemma2'],
  spec: config => {
    const window = { size: optionalSize(config, 'sliding_window', 4096), isLocal: (layer: number) => layer % 2 === 0 }
    return cappedSpec('gemma2', config, { positions: 8192, kvHeads: 4, window }, { scores: 50, logits: 30 })
  },
  slots: (spec, has) => llamaLikeSlots(spec, has, block => cappedLayer(spec, block, has)),
}

export const gemma3: Family = {
  name: 'gemma3',
  modelTypes: ['gemma3_text', 'gemma3'],
  spec: outer => {
    const config = outer.has('text_config') ? outer.child('text_config') : outer
    if (config !== outer) expectValue(config, 'model_type', 'gemma3_text')
    expectValue(config, 'use_bidirectional_attention', false)
    // No published model has it: transformers reads it and does not apply it, others apply it.
    expectAbsent(config, 'attn_logit_softcapping')
    const every = config.size('sliding_window_pattern', 6)
    const ways: Ways = {
      window: { size: optionalSize(config, 'sliding_window', 4096), isLocal: layer => (layer + 1) % every !== 0 },
      positions: 131_072,
      vocab: 262_208,
      heads: 8,
      kvHeads: 4,
      rotary: dHead => rotaryOf(ropeKeys(config, { theta: 1_000_000, layerType: 'full_attention' }), dHead),
    }
    const spec = cappedSpec('gemma3', config, ways, { scores: null, logits: null })
    const local = localRotary(config, spec.dHead)
    const layers = spec.layers.map(layer => (layer.window === null ? layer : { ...layer, rotary: local }))
    return { ...spec, layers, qkNorm: 'head' }
  },
  slots: (spec, has) =>
    llamaLikeSlots(spec, has, block => ({ ...cappedLayer(spec, block, has), ...qkNormSlots(block) })),
}

/** Local layers have their own base, and no scaling. */
function localRotary(config: ConfigReader, dHead: number): ReturnType<typeof rotaryOf> {
  const keys = ropeKeys(config, { theta: 10_000, thetaKey: 'rope_local_base_freq', layerType: 'sliding_attention' })
  return rotaryOf(config.has('rope_parameters') ? keys : { ...keys, kind: 'default' }, dHead)
}
