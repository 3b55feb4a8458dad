/** The parity fixtures: tiny checkpoints, and what `transformers` computes on them. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'
import { type ConfigReader, configReader } from '../../engine/checkpoint/config.ts'
import { FAMILIES } from '../../engine/families/registry.ts'
import type { Tokenizer } from '../../engine/tokenizer-types.ts'

const ROOT = fileURLToPath(new URL('../fixtures/parity/', import.meta.url))

/** Names of all cases. */
export function parityCases(): string[] {
  return readdirSync(ROOT, { withFileTypes: true })
    .filter(entry => entry.isDirectory())
    .map(entry => entry.name)
}

/** Names of the cases whose family is registered. */
export function supportedCases(): string[] {
  const types = new Set(FAMILIES.flatMap(family => family.modelTypes))
  return parityCases().filter(name => {
    const config: { model_type?: string } = JSON.parse(readFileSync(join(checkpointDir(name), 'config.json'), 'utf8'))
    return types.has(config.model_type ?? '')
  })
}

export function checkpointDir(name: string): string {
  return join(ROOT, name, 'checkpoint')
}

/** The config of a case's checkpoint. */
export function readConfig(name: string): ConfigReader {
  return configReader(JSON.parse(readFileSync(join(checkpointDir(name), 'config.json'), 'utf8')))
}

export interface ReferenceTensor {
  readonly shape: readonly number[]
  readonly data: Float32Array | Int32Array
}

/** The reference tensors of a case, by `<prompt>/<point>`. */
export function readReference(name: string): Map<string, ReferenceTensor> {
  const bytes = gunzipSync(readFileSync(join(ROOT, name, 'reference.safetensors.gz')))
  const length = Number(bytes.readBigUInt64LE(0))
  const header: Record<string, { dtype: string; shape: number[]; data_offsets: [number, number] }> = JSON.parse(
    bytes.subarray(8, 8 + length).toString(),
  )
  const tensors = new Map<string, ReferenceTensor>()
  for (const [key, entry] of Object.entries(header)) {
    if (key === '__metadata__') continue
    const [begin, end] = entry.data_offsets
    const raw = new Uint8Array(bytes.subarray(8 + length + begin, 8 + length + end)).buffer
    const data = entry.dtype === 'F32' ? new Float32Array(raw) : new Int32Array(raw)
    tensors.set(key, { shape: entry.shape, data })
  }
  return tensors
}

/** For checkpoints without a tokenizer: tests give token ids. */
export const NO_TOKENIZER: Tokenizer = {
  vocabSize: 0,
  bosId: null,
  eosIds: [],
  hasChatTemplate: false,
  encode: () => {
    throw new Error('this checkpoint has no tokenizer')
  },
  decode: ids => ids.join(' '),
  label: id => `#${id}`,
  chat: () => {
    throw new Error('this checkpoint has no tokenizer')
  },
}

/** A temporary folder, and how to remove it. */
export function temporaryFolder(): { dir: string; remove: () => void } {
  const dir = mkdtempSync(join(tmpdir(), 'patchlight-'))
  return { dir, remove: () => rmSync(dir, { recursive: true, force: true }) }
}
