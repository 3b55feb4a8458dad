/**
 * A short hash that tells one set of weights from another, so that a run can say of which it speaks.
 * SHA-256 over the tensors in the order of their names: name, dtype, shape and bytes. It does not
 * depend on how the tensors are spread over files. Checkpoints of 64 MB and more are sampled, because
 * hashing all of a large one takes longer than loading it: 16 pages of 4 KiB a tensor, evenly spaced,
 * the first and the last among them. Fine-tuning changes nearly every page, so samples tell.
 */
import { createHash } from 'node:crypto'
import type { FileHandle } from 'node:fs/promises'
import { internalError } from '../errors.ts'
import { readExactly } from './safetensors.ts'
import type { TensorInfo } from './types.ts'

const SAMPLE_FROM_BYTES = 64 * 1024 * 1024
const PAGE_BYTES = 4096
const PAGES = 16
const CHUNK_BYTES = 1024 * 1024
const HEX_DIGITS = 16

/** Byte ranges of a tensor that go into the hash, as [begin, length] from the start of its file. */
function* ranges(tensor: TensorInfo, sampled: boolean): Generator<readonly [number, number]> {
  const { begin, end } = tensor
  if (sampled && end - begin > PAGES * PAGE_BYTES) {
    const step = (end - begin - PAGE_BYTES) / (PAGES - 1)
    for (let page = 0; page < PAGES; page++) yield [begin + Math.floor(page * step), PAGE_BYTES]
    return
  }
  for (let at = begin; at < end; at += CHUNK_BYTES) yield [at, Math.min(CHUNK_BYTES, end - at)]
}

/** @returns 16 hexadecimal digits. */
export async function fingerprintTensors(
  tensors: Iterable<TensorInfo>,
  handles: ReadonlyMap<string, FileHandle>,
): Promise<string> {
  const sorted = [...tensors].sort((a, b) => (a.name < b.name ? -1 : 1))
  const bytes = sorted.reduce((sum, tensor) => sum + tensor.end - tensor.begin, 0)
  const hash = createHash('sha256')
  const page = new Uint8Array(CHUNK_BYTES)
  for (const tensor of sorted) {
    const handle = handles.get(tensor.file)
    if (handle === undefined) throw internalError(`no open file ${tensor.file}`)
    hash.update(`${JSON.stringify([tensor.name, tensor.dtype, tensor.shape])}\n`)
    for (const [position, length] of ranges(tensor, bytes >= SAMPLE_FROM_BYTES)) {
      const part = page.subarray(0, length)
      await readExactly(handle, part, position, tensor.file)
      hash.update(part)
    }
  }
  return hash.digest('hex').slice(0, HEX_DIGITS)
}
