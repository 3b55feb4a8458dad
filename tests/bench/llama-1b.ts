/** Llama-3.2-1B's shape with random weights: a block stack in memory, or a checkpoint on disk. */
import { copyFile, mkdir, rename, rm, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Weight } from '../../engine/backends/types.ts'
import { configReader } from '../../engine/checkpoint/config.ts'
import { type StreamedTensor, streamSafetensors } from '../../engine/checkpoint/write-safetensors.ts'
import { llama } from '../../engine/families/llama.ts'
import type { ModelSpec } from '../../engine/spec.ts'
import type { LayerWeights, LinearWeights } from '../../engine/weights.ts'
import { seededRandom } from '../support/random.ts'

export const DEMO_DIR = fileURLToPath(new URL('../../engine/demo/checkpoint', import.meta.url))

const CONFIG = {
  architectures: ['LlamaForCausalLM'],
  model_type: 'llama',
  hidden_size: 2048,
  intermediate_size: 8192,
  num_hidden_layers: 16,
  num_attention_heads: 32,
  num_key_value_heads: 8,
  head_dim: 64,
  vocab_size: 128_256,
  max_position_embeddings: 131_072,
  hidden_act: 'silu',
  rms_norm_eps: 1e-5,
  rope_theta: 500_000,
  rope_scaling: {
    rope_type: 'llama3',
    factor: 32,
    low_freq_factor: 1,
    high_freq_factor: 4,
    original_max_position_embeddings: 8192,
  },
  attention_bias: false,
  mlp_bias: false,
  tie_word_embeddings: true,
  bos_token_id: 0,
  eos_token_id: 1,
  torch_dtype: 'bfloat16',
}

export function llama1bSpec(layers: number): ModelSpec {
  return llama.spec(configReader({ ...CONFIG, num_hidden_layers: layers }))
}

/** Values of a trained matrix's size (±0.03), repeating after a prime number of them: quick to make, none denormal. */
function fill(data: Float32Array, seed: number): Float32Array {
  const random = seededRandom(seed)
  const pattern = Float32Array.from({ length: 65_521 }, () => (random() - 0.5) * 0.06)
  for (let at = 0; at < data.length; at += pattern.length) {
    data.set(pattern.subarray(0, Math.min(pattern.length, data.length - at)), at)
  }
  return data
}

/** The matrices of one layer, each in memory of its own. */
export function randomLayer({ dModel, heads, kvHeads, dHead, dMlp }: ModelSpec, layer: number): LayerWeights {
  let seed = layer * 100
  const linear = (name: string, outSize: number, inSize: number): LinearWeights => {
    const data = fill(new Float32Array(outSize * inSize), seed++)
    return { weight: { name: `layer ${layer} ${name}`, outSize, inSize, data, transposed: false }, bias: null }
  }
  const norm = () => ({ weight: new Float32Array(dModel).fill(1), bias: null })
  return {
    ln1: norm(),
    ln2: norm(),
    ln1Post: null,
    ln2Post: null,
    q: linear('q', heads * dHead, dModel),
    k: linear('k', kvHeads * dHead, dModel),
    v: linear('v', kvHeads * dHead, dModel),
    o: linear('o', dModel, heads * dHead),
    qNorm: null,
    kNorm: null,
    mlp: {
      gate: linear('gate', dMlp, dModel),
      up: linear('up', dMlp, dModel),
      down: linear('down', dModel, dMlp),
    },
    router: null,
    experts: [],
  }
}

/** The weights that a dense layer multiplies by. */
export function matricesOf(layer: LayerWeights): Weight[] {
  const { q, k, v, o, mlp } = layer
  const linears = mlp === null ? [q, k, v, o] : [q, k, v, o, ...(mlp.gate === null ? [] : [mlp.gate]), mlp.up, mlp.down]
  return linears.map(({ weight }) => weight)
}

/**
 * Writes a checkpoint of the whole shape, 2.5 GB in bfloat16, with the embedded model's tokenizer;
 * does nothing where it was written before.
 */
export async function ensureLlama1b(dir: string): Promise<void> {
  const exists = await stat(join(dir, 'config.json')).then(
    () => true,
    () => false,
  )
  if (exists) return
  const unfinished = `${dir}.unfinished`
  await rm(unfinished, { recursive: true, force: true })
  await mkdir(dirname(dir), { recursive: true })
  await mkdir(unfinished)
  let seed = 1
  const tensor = (name: string, ...shape: number[]): StreamedTensor => {
    const size = shape.reduce((a, b) => a * b, 1)
    return { name, shape, dtype: 'BF16', values: () => fill(new Float32Array(size), seed++) }
  }
  const { hidden_size: width, intermediate_size: mlp, vocab_size: vocab, num_hidden_layers: layers } = CONFIG
  const keyWidth = CONFIG.num_key_value_heads * CONFIG.head_dim
  const blocks = Array.from({ length: layers }, (_, layer) => {
    const name = (part: string) => `model.layers.${layer}.${part}.weight`
    return [
      tensor(name('input_layernorm'), width),
      tensor(name('self_attn.q_proj'), width, width),
      tensor(name('self_attn.k_proj'), keyWidth, width),
      tensor(name('self_attn.v_proj'), keyWidth, width),
      tensor(name('self_attn.o_proj'), width, width),
      tensor(name('post_attention_layernorm'), width),
      tensor(name('mlp.gate_proj'), mlp, width),
      tensor(name('mlp.up_proj'), mlp, width),
      tensor(name('mlp.down_proj'), width, mlp),
    ]
  })
  await streamSafetensors(join(unfinished, 'model.safetensors'), [
    tensor('model.embed_tokens.weight', vocab, width),
    ...blocks.flat(),
    tensor('model.norm.weight', width),
  ])
  for (const file of ['tokenizer.json', 'tokenizer_config.json']) {
    await copyFile(join(DEMO_DIR, file), join(unfinished, file))
  }
  await writeFile(join(unfinished, 'config.json'), JSON.stringify(CONFIG, null, 2))
  await rename(unfinished, dir)
}
