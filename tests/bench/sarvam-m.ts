/**
 * A checkpoint of Sarvam-m's shape (24B, bf16, 47 GB) as a sparse file: all zeros, which take no disk,
 * but for the norms, the values' projection, the first tokens' rows of embedding and unembedding, and
 * the first rows of every other matrix. That is enough for every head, attention and MLP output to
 * differ between two prompts, so that no patch is left out for changing nothing; and reading and
 * multiplying zeros takes as long as anything else does.
 */
import { copyFile, mkdir, open, rename, rm, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { narrowToBfloat16 } from '../../engine/checkpoint/dtype.ts'
import { randomValues } from '../support/random.ts'
import { DEMO_DIR } from './llama-1b.ts'

const CONFIG = {
  architectures: ['MistralForCausalLM'],
  model_type: 'mistral',
  bos_token_id: 1,
  eos_token_id: 2,
  hidden_act: 'silu',
  hidden_size: 5120,
  intermediate_size: 32_768,
  max_position_embeddings: 32_768,
  num_attention_heads: 32,
  num_hidden_layers: 40,
  num_key_value_heads: 8,
  head_dim: 128,
  rms_norm_eps: 1e-5,
  rope_theta: 1e9,
  sliding_window: null,
  tie_word_embeddings: false,
  torch_dtype: 'bfloat16',
  vocab_size: 131_072,
}

/** Tokens whose rows of embedding and unembedding are not zero. */
export const FILLED_TOKENS = 64
/** Values written at the head of every matrix: a few of its rows. */
const HEAD_VALUES = 65_536
const PATTERN_VALUES = 65_521
const BYTES = 2

interface Entry {
  readonly name: string
  readonly shape: readonly number[]
  readonly filled: Float32Array
}

function entries(layers: number): Entry[] {
  const { hidden_size: width, intermediate_size: mlp, vocab_size: vocab, head_dim: dHead } = CONFIG
  const queries = CONFIG.num_attention_heads * dHead
  const keys = CONFIG.num_key_value_heads * dHead
  let seed = 1
  // Repeats after a prime number of values: quick to make, and no two rows alike.
  const scaled = (count: number): Float32Array => {
    const pattern = randomValues(PATTERN_VALUES, seed++).map(value => value * 0.05)
    const values = new Float32Array(count)
    for (let at = 0; at < count; at += pattern.length) values.set(pattern.subarray(0, count - at), at)
    return values
  }
  const matrix = (name: string, outSize: number, inSize: number, values = HEAD_VALUES): Entry => ({
    name,
    shape: [outSize, inSize],
    filled: scaled(values),
  })
  const norm = (name: string): Entry => ({ name, shape: [width], filled: new Float32Array(width).fill(1) })
  const tokens = (name: string): Entry => ({ name, shape: [vocab, width], filled: scaled(FILLED_TOKENS * width) })
  const blocks = Array.from({ length: layers }, (_, layer) => {
    const name = (part: string) => `model.layers.${layer}.${part}.weight`
    return [
      norm(name('input_layernorm')),
      matrix(name('self_attn.q_proj'), queries, width),
      matrix(name('self_attn.k_proj'), keys, width),
      matrix(name('self_attn.v_proj'), keys, width, keys * width),
      matrix(name('self_attn.o_proj'), width, queries),
      norm(name('post_attention_layernorm')),
      matrix(name('mlp.gate_proj'), mlp, width),
      matrix(name('mlp.up_proj'), mlp, width),
      matrix(name('mlp.down_proj'), width, mlp),
    ]
  })
  return [tokens('model.embed_tokens.weight'), ...blocks.flat(), norm('model.norm.weight'), tokens('lm_head.weight')]
}

/** Writes the checkpoint, with the embedded model's tokenizer; does nothing where it was written before. */
export async function ensureSarvamM(dir: string, layers = CONFIG.num_hidden_layers): Promise<void> {
  const exists = await stat(join(dir, 'config.json')).then(
    () => true,
    () => false,
  )
  if (exists) return
  const unfinished = `${dir}.unfinished`
  await rm(unfinished, { recursive: true, force: true })
  await mkdir(dirname(dir), { recursive: true })
  await mkdir(unfinished)
  const tensors = entries(layers)
  const header: Record<string, unknown> = {}
  let size = 0
  const begins = tensors.map(({ name, shape }) => {
    const begin = size
    size += shape.reduce((a, b) => a * b, BYTES)
    header[name] = { dtype: 'BF16', shape, data_offsets: [begin, size] }
    return begin
  })
  const text = JSON.stringify(header)
  const json = Buffer.from(text.padEnd(Math.ceil(text.length / 8) * 8))
  const length = Buffer.alloc(8)
  length.writeBigUInt64LE(BigInt(json.length))
  const dataStart = length.length + json.length
  const file = await open(join(unfinished, 'model.safetensors'), 'w')
  try {
    await file.truncate(dataStart + size)
    await file.write(Buffer.concat([length, json]), 0, dataStart, 0)
    for (const [i, { filled }] of tensors.entries()) {
      const stored = new Uint8Array(narrowToBfloat16(filled).buffer)
      await file.write(stored, 0, stored.length, dataStart + (begins[i] ?? 0))
    }
  } finally {
    await file.close()
  }
  for (const name of ['tokenizer.json', 'tokenizer_config.json'])
    await copyFile(join(DEMO_DIR, name), join(unfinished, name))
  await writeFile(join(unfinished, 'config.json'), JSON.stringify({ ...CONFIG, num_hidden_layers: layers }, null, 2))
  await rename(unfinished, dir)
}
