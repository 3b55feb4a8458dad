/**
 * From config.json to ModelSpec: what absent keys mean, and that a value we do not support is an
 * error that names its key.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { type ConfigReader, configReader } from '../../../engine/checkpoint/config.ts'
import { CheckpointError } from '../../../engine/errors.ts'
import { familyOf } from '../../../engine/families/registry.ts'
import type { ModelSpec } from '../../../engine/spec.ts'
import { checkpointDir } from '../../support/fixtures.ts'

type Json = Record<string, unknown>

/** A fixture's config with some keys set; undefined takes the key away. */
function changed(name: string, changes: Json): ConfigReader {
  const config: Json = JSON.parse(readFileSync(join(checkpointDir(name), 'config.json'), 'utf8'))
  for (const [key, value] of Object.entries(changes)) {
    if (value === undefined) delete config[key]
    else config[key] = value
  }
  return configReader(config)
}

function spec(name: string, changes: Json = {}): ModelSpec {
  const config = changed(name, changes)
  return familyOf(config).spec(config)
}

const windows = (name: string, changes: Json = {}) => spec(name, changes).layers.map(layer => layer.window)

describe('a value that is not supported names its key', () => {
  const yarn = { rope_type: 'yarn', factor: 2 }
  it.each<[fixture: string, changes: Json, key: string]>([
    ['llama-gqa-tied', { model_type: 'bert' }, 'model_type'],
    ['llama-gqa-tied', { quantization_config: { quant_method: 'gptq' } }, 'quantization_config'],
    ['llama-gqa-tied', { hidden_act: 'quick_gelu' }, 'hidden_act'],
    ['llama-gqa-tied', { hidden_act: 'constructor' }, 'hidden_act'],
    ['llama-gqa-tied', { rope_scaling: yarn }, 'rope_scaling.rope_type'],
    ['llama-gqa-tied', { rope_scaling: { type: 'yarn', factor: 2 } }, 'rope_scaling.type'],
    ['llama-gqa-tied', { rope_parameters: { rope_theta: 1e4, type: 'yarn' } }, 'rope_parameters.type'],
    ['llama-gqa-tied', { rope_scaling: { type: 'linear' } }, 'rope_scaling.factor'],
    ['llama-gqa-tied', { rope_scaling: { factor: 2 } }, 'rope_scaling.rope_type'],
    ['llama-gqa-tied', { rope_parameters: { rope_type: 'default' } }, 'rope_parameters.rope_theta'],
    ['llama-gqa-tied', { partial_rotary_factor: 0.5 }, 'partial_rotary_factor'],
    ['llama-gqa-tied', { num_key_value_heads: 3 }, 'num_key_value_heads'],
    ['llama-gqa-tied', { head_dim: 7 }, 'head_dim'],
    ['llama-gqa-tied', { hidden_size: 25 }, 'num_attention_heads'],
    ['llama-gqa-tied', { layer_types: ['sliding_attention', 'full_attention'] }, 'sliding_window'],
    ['mistral', { layer_types: ['chunked_attention', 'full_attention'] }, 'layer_types'],
    ['mistral', { layer_types: ['full_attention'] }, 'layer_types'],
    ['mistral3-text', { text_config: { model_type: 'llama' } }, 'text_config.model_type'],
    ['smollm3', { no_rope_layers: [1, 2, 1] }, 'no_rope_layers'],
    ['smollm3', { no_rope_layers: [1] }, 'no_rope_layers'],
    ['gpt2', { activation_function: 'swiglu' }, 'activation_function'],
    ['gpt2', { add_cross_attention: true }, 'add_cross_attention'],
    ['gpt2', { n_head: 5 }, 'n_head'],
    ['gpt-neox-parallel', { rotary_pct: 0.2 }, 'rotary_pct'],
    ['gpt-neox-parallel', { rope_scaling: yarn }, 'rope_scaling.rope_type'],
    ['phi3', { partial_rotary_factor: 0.4 }, 'partial_rotary_factor'],
    ['phi3-longrope', { rope_scaling: { type: 'longrope', short_factor: [1] } }, 'rope_scaling.short_factor'],
    ['gemma', { hidden_act: 'gelu_10' }, 'hidden_act'],
    ['gemma2', { hidden_activation: 'tanh' }, 'hidden_activation'],
    ['gemma2', { attn_logit_softcapping: 0 }, 'attn_logit_softcapping'],
    ['gemma3', { attn_logit_softcapping: 50 }, 'attn_logit_softcapping'],
    ['gemma3', { use_bidirectional_attention: true }, 'use_bidirectional_attention'],
    ['mixtral', { num_experts_per_tok: 6 }, 'num_experts_per_tok'],
    ['olmoe', { clip_qkv: 8 }, 'clip_qkv'],
  ])('%s with %j', (fixture, changes, key) => {
    expect(() => spec(fixture, changes)).toThrow(CheckpointError)
    expect(() => spec(fixture, changes)).toThrow(`config.json: ${key}: expected `)
  })
})

it('pretraining_tp says how training was cut up, and changes nothing', () => {
  expect(spec('smollm3', { pretraining_tp: 2 })).toEqual(spec('smollm3'))
})

describe('absent keys', () => {
  it('Llama: as many key/value heads as heads, base 10,000, heads of hidden_size / heads', () => {
    const { kvHeads, dHead, layers } = spec('llama-headdim', {
      num_key_value_heads: undefined,
      head_dim: null,
      rope_theta: undefined,
    })
    expect([kvHeads, dHead]).toEqual([4, 6])
    expect(layers[0]?.rotary?.frequencies[1]).toBeCloseTo(10_000 ** (-2 / 6), 12)
  })

  it('Qwen 3 has heads of 128, Gemma of 256', () => {
    expect(spec('qwen3', { head_dim: undefined }).dHead).toBe(128)
    for (const name of ['gemma', 'gemma2', 'gemma3']) expect(spec(name, { head_dim: undefined }).dHead).toBe(256)
  })

  it('Gemma 2 caps scores at 50 and logits at 30; null means no cap', () => {
    const keys = ['attn_logit_softcapping', 'final_logit_softcapping']
    const caps = ({ attentionSoftCap, logitSoftCap }: ModelSpec) => [attentionSoftCap, logitSoftCap]
    expect(caps(spec('gemma2', Object.fromEntries(keys.map(key => [key, undefined]))))).toEqual([50, 30])
    expect(caps(spec('gemma2', Object.fromEntries(keys.map(key => [key, null]))))).toEqual([null, null])
  })

  it('Gemma is tied, Llama is not', () => {
    expect(spec('gemma', { tie_word_embeddings: undefined }).tiedEmbeddings).toBe(true)
    expect(spec('gemma', { tie_word_embeddings: null }).tiedEmbeddings).toBe(false)
    expect(spec('llama-gqa-tied', { tie_word_embeddings: undefined }).tiedEmbeddings).toBe(false)
  })

  it('Gemma 3’s text part inside a multimodal config may leave out heads and vocabulary', () => {
    const text = { model_type: 'gemma3_text', hidden_size: 2560, intermediate_size: 10_240, num_hidden_layers: 34 }
    const scaling = { factor: 8, rope_type: 'linear' }
    const config = configReader({
      model_type: 'gemma3',
      text_config: { ...text, sliding_window: 1024, rope_scaling: scaling },
    })
    const { heads, kvHeads, dHead, vocab, layers } = familyOf(config).spec(config)
    expect([heads, kvHeads, dHead, vocab]).toEqual([8, 4, 256, 262_208])
    expect(layers.slice(0, 7).map(layer => layer.window)).toEqual([1024, 1024, 1024, 1024, 1024, null, 1024])
    expect(layers[5]?.rotary?.frequencies[0]).toBe(1 / 8)
    expect(layers[0]?.rotary?.frequencies[0]).toBe(1)
  })
})

describe('windows', () => {
  it('Mistral: 4096 when the key is absent, none when it is null', () => {
    expect(windows('mistral', { sliding_window: undefined })).toEqual([4096, 4096])
    expect(windows('mistral', { sliding_window: null })).toEqual([null, null])
    expect(windows('mistral', { sliding_window: 3 })).toEqual([3, 3])
  })

  it('Qwen: only when switched on, from max_window_layers up; Qwen3-MoE then everywhere', () => {
    expect(windows('qwen2-window', { use_sliding_window: false })).toEqual([null, null, null])
    expect(windows('qwen2-window', { max_window_layers: 2 })).toEqual([null, null, 4])
    expect(windows('qwen3-moe', { sliding_window: 5 })).toEqual([null, null, null])
    expect(windows('qwen3-moe', { sliding_window: 5, use_sliding_window: true })).toEqual([5, 5, 5])
  })

  it('Mixtral and Phi-3: everywhere, if set', () => {
    expect(windows('mixtral', { sliding_window: undefined })).toEqual([null, null])
    expect(windows('mixtral', { sliding_window: 9 })).toEqual([9, 9])
    expect(windows('phi3', { sliding_window: undefined })).toEqual([null, null])
  })

  it('SmolLM3: on layers without rotary, when switched on', () => {
    const on = { use_sliding_window: true, sliding_window: 5, layer_types: undefined }
    expect(windows('smollm3', on)).toEqual([null, 5, null])
  })

  it('layer_types wins', () => {
    const types = { layer_types: ['sliding_attention', 'full_attention', 'full_attention'] }
    expect(windows('gemma2')).toEqual([4, null, 4])
    expect(windows('gemma2', types)).toEqual([4, null, null])
    expect(windows('qwen2-window', types)).toEqual([4, null, null])
  })
})

describe('layers', () => {
  it('SmolLM3: without a list, every no_rope_layer_interval-th layer has no rotary', () => {
    const rotated = (changes: Json) => spec('smollm3', changes).layers.map(layer => layer.rotary !== null)
    expect(rotated({ no_rope_layers: undefined })).toEqual([true, false, true])
    expect(rotated({ no_rope_layers: undefined, no_rope_layer_interval: 3 })).toEqual([true, true, false])
    expect(rotated({ no_rope_layers: [0, 1, 1] })).toEqual([false, true, true])
  })

  it('Qwen3-MoE: experts every decoder_sparse_step-th layer, but not in mlp_only_layers', () => {
    const sparse = (changes: Json) => spec('qwen3-moe', changes).layers.map(layer => layer.sparse)
    expect(sparse({})).toEqual([true, false, true])
    expect(sparse({ mlp_only_layers: null })).toEqual([true, true, true])
    expect(sparse({ mlp_only_layers: [0], decoder_sparse_step: 2 })).toEqual([false, true, false])
  })

  it('rope_parameters, as transformers 5 writes it, reads like the older keys', () => {
    const old = spec('llama3-rope')
    const theta = changed('llama3-rope', {}).number('rope_theta')
    const scaling = changed('llama3-rope', {}).raw('rope_scaling')
    const parameters = { ...(typeof scaling === 'object' ? scaling : {}), rope_theta: theta }
    const renewed = spec('llama3-rope', { rope_theta: undefined, rope_scaling: undefined, rope_parameters: parameters })
    expect(renewed.layers).toEqual(old.layers)
  })

  it('rope_parameters of a kind by its older key are not taken for unscaled ones', () => {
    const linear = { rope_theta: 10_000, type: 'linear', factor: 4 }
    expect(spec('llama-gqa-tied', { rope_parameters: linear }).layers[0]?.rotary?.frequencies[0]).toBe(1 / 4)
  })

  it('dynamic scaling changes nothing up to the context, past which no prompt goes', () => {
    const plain = spec('llama-gqa-tied')
    expect(spec('llama-gqa-tied', { rope_scaling: { rope_type: 'dynamic', factor: 4 } })).toEqual(plain)
  })
})
