/**
 * The loaders under fire: each target damages a good checkpoint folder in one way and uses what loads.
 * A case is good if it ends in one of our errors for people, or in a load that is whole.
 */
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'
import { configReader } from '../../engine/checkpoint/config.ts'
import { openCheckpoint } from '../../engine/checkpoint/open.ts'
import { PatchlightError } from '../../engine/errors.ts'
import { loadTokenizer } from '../../engine/tokenizer.ts'
import { below, mutateBytes, mutateJson, mutateText, pick, type Random } from './mutate.ts'

/** Damages files in `dir` and loads it. @throws PatchlightError when the damage was noticed. */
export type Target = (dir: string, random: Random) => Promise<void>

const HEADER = {
  __metadata__: { format: 'pt' },
  'model.embed_tokens.weight': { dtype: 'F32', shape: [3, 4], data_offsets: [0, 48] },
  'model.norm.weight': { dtype: 'BF16', shape: [5], data_offsets: [48, 58] },
  'lm_head.weight': { dtype: 'F16', shape: [3, 1], data_offsets: [58, 64] },
  position_ids: { dtype: 'I64', shape: [1], data_offsets: [64, 72] },
}

const CONFIG = {
  model_type: 'llama',
  hidden_size: 64,
  rms_norm_eps: 1e-5,
  tie_word_embeddings: true,
  eos_token_id: [1, 2],
  layer_types: ['full_attention', 'sliding_attention'],
  rope_scaling: { rope_type: 'llama3', factor: 8.0, low_freq_factor: 1.0 },
}

function file(header: string, data: Uint8Array, length = BigInt(Buffer.byteLength(header))): Buffer {
  const prefix = Buffer.alloc(8)
  prefix.writeBigUInt64LE(BigInt.asUintN(64, length))
  return Buffer.concat([prefix, Buffer.from(header), data])
}

const DATA = Uint8Array.from({ length: 72 }, (_, i) => (i * 37) % 61)
const MODEL = 'model.safetensors'

/** Opens the folder and reads every tensor; whatever is read must have as many values as its shape says. */
async function useCheckpoint(dir: string): Promise<void> {
  const checkpoint = await openCheckpoint(dir)
  try {
    for (const [name, { shape, begin, end }] of checkpoint.tensors) {
      const values = shape.reduce((product, size) => product * size, 1)
      if (begin < 8 || end < begin) throw new Error(`${name} lies at ${begin} to ${end}`)
      const tensor = await checkpoint.read(name).catch(noticed)
      if (tensor && tensor.data.length !== values) throw new Error(`${name}: ${tensor.data.length} values of ${values}`)
    }
    await checkpoint.fingerprint()
  } finally {
    await checkpoint.close()
  }
}

function noticed(error: unknown): null {
  if (error instanceof PatchlightError) return null
  throw error
}

const safetensors: Target = async (dir, random) => {
  const json = JSON.stringify(HEADER)
  const what = random()
  let bytes: Uint8Array
  if (what < 0.5) bytes = file(JSON.stringify(mutateJson(HEADER, random)), DATA)
  else if (what < 0.65) bytes = file(mutateText(json, random), DATA)
  else if (what < 0.75) bytes = file(json, DATA, BigInt(json.length + below(random, 20) - 10))
  else bytes = mutateBytes(file(json, DATA), random)
  await writeFile(join(dir, 'config.json'), '{}')
  await writeFile(join(dir, MODEL), bytes)
  await useCheckpoint(dir)
}

const index: Target = async (dir, random) => {
  const name = 'model.safetensors.index.json'
  const good = {
    metadata: {},
    weight_map: Object.fromEntries(
      Object.keys(HEADER)
        .slice(1)
        .map(key => [key, 'a.safetensors']),
    ),
  }
  await writeFile(join(dir, 'config.json'), '{}')
  await writeFile(join(dir, 'a.safetensors'), file(JSON.stringify(HEADER), DATA))
  await writeFile(
    join(dir, name),
    random() < 0.7 ? JSON.stringify(mutateJson(good, random)) : mutateBytes(Buffer.from(JSON.stringify(good)), random),
  )
  await useCheckpoint(dir)
}

const config: Target = async (dir, random) => {
  await writeFile(join(dir, MODEL), file(JSON.stringify(HEADER), DATA))
  const json = JSON.stringify(CONFIG)
  await writeFile(
    join(dir, 'config.json'),
    random() < 0.7 ? JSON.stringify(mutateJson(CONFIG, random)) : mutateBytes(Buffer.from(json), random),
  )
  const checkpoint = await openCheckpoint(dir)
  await checkpoint.close()
  const reader = configReader(checkpoint.config)
  reader.string('model_type')
  reader.size('hidden_size')
  reader.number('rms_norm_eps', 1e-6)
  reader.boolean('tie_word_embeddings', false)
  reader.integers('eos_token_id', [])
  reader.strings('layer_types', [])
  if (reader.has('rope_scaling')) reader.child('rope_scaling').optionalNumber('factor')
}

const KINDS = [
  'byte-level-gpt2',
  'byte-level-llama3',
  'sentencepiece-llama2',
  'sentencepiece-gemma',
  'unigram-byte-fallback',
]
const TEXTS = ['Hello, world!', ' 日本\n\t<s> 👍🏽  é', '\0\ufeff<0x41>▁', '']

/** What vocabularies hold beyond this makes a case slower and no better. */
const KEPT_TOKENS = 60

type Files = Readonly<Record<string, unknown>>

/** A fixture's files with most of its vocabulary left out: damage then lands elsewhere as well. */
async function smallTokenizer(kind: string): Promise<Files> {
  const path = fileURLToPath(new URL(`../fixtures/tokenizers/${kind}.json.gz`, import.meta.url))
  const { files } = JSON.parse(gunzipSync(await readFile(path)).toString())
  const { model } = files['tokenizer.json']
  if (Array.isArray(model.vocab)) model.vocab = model.vocab.slice(0, KEPT_TOKENS)
  else {
    model.vocab = Object.fromEntries(Object.entries(model.vocab).slice(0, KEPT_TOKENS))
    model.merges = model.merges.filter(([a, b]: [string, string]) => [a, b, a + b].every(token => token in model.vocab))
  }
  return files
}

const small = new Map<string, Promise<Files>>()

const tokenizer: Target = async (dir, random) => {
  const kind = pick(random, KINDS, '')
  const files = small.get(kind) ?? smallTokenizer(kind)
  small.set(kind, files)
  const names = Object.keys(await files)
  const victim = random() < 0.8 ? 'tokenizer.json' : pick(random, names, '')
  for (const [name, content] of Object.entries(await files)) {
    let text: string | Uint8Array = JSON.stringify(content)
    if (name === victim && random() < 0.75) text = JSON.stringify(mutateJson(content, random))
    else if (name === victim) text = mutateBytes(Buffer.from(text), random)
    await writeFile(join(dir, name), text)
  }
  const loaded = await loadTokenizer(dir)
  for (const text of TEXTS) {
    const ids = loaded.encode(text, { specialTokens: random() < 0.5 })
    if (!ids.every(id => Number.isInteger(id) && id >= 0 && id < loaded.vocabSize)) throw new Error(`ids ${ids}`)
    loaded.decode(ids, { skipSpecial: random() < 0.5 })
  }
  if (loaded.hasChatTemplate) loaded.chat([{ role: 'user', content: 'hi' }])
  if (loaded.vocabSize > 5000) return
  const labels = Array.from({ length: loaded.vocabSize }, (_, id) => loaded.label(id))
  if (new Set(labels).size !== labels.length) throw new Error('two ids share a label')
}

export const TARGETS: Readonly<Record<string, Target>> = { safetensors, index, config, tokenizer }
