/**
 * One tensor from disk into host memory as float32. Nothing but the result is allocated (`dtype.ts`
 * says why that works), and each chunk is widened while the next is being read.
 */
import type { FileHandle } from 'node:fs/promises'
import { CheckpointError } from '../errors.ts'
import { anyNonFiniteBfloat16, dtypeBits, isStoredDtype, widen } from './dtype.ts'
import { shown } from './json-file.ts'
import { readExactly } from './safetensors.ts'
import {
  type Checkpoint,
  type HostTensor,
  STORED_DTYPES,
  type StoredDtype,
  type StoredTensor,
  type TensorInfo,
} from './types.ts'

/** Large enough that a read's fixed cost vanishes, small enough to stay in the cache between read and widening. */
const CHUNK_VALUES = 1 << 20

function allocate(info: TensorInfo, values: number): ArrayBuffer {
  try {
    return new ArrayBuffer(values * 4)
  } catch {
    throw new CheckpointError(
      `${info.file}: tensor ${shown(info.name)}: expected room for ${values * 4} bytes of float32, got none: ` +
        'this machine has too little memory for it',
    )
  }
}

/**
 * bfloat16 as stored, checked; the values are a window on `raw`, which starts at an even byte.
 * @throws CheckpointError for a value that is NaN or infinite.
 */
export function storedBfloat16(info: TensorInfo, raw: Uint8Array): Uint16Array {
  const bits = new Uint16Array(raw.buffer, raw.byteOffset, raw.byteLength / 2)
  if (!anyNonFiniteBfloat16(bits)) return bits
  throw nonFinite(info, new Float32Array(Uint32Array.from(bits, half => half << 16).buffer), 0)
}

/** A tensor of a checkpoint: bfloat16 as it is stored, any other format widened. @throws CheckpointError as `read` does */
export async function readUnwidened(checkpoint: Checkpoint, name: string): Promise<StoredTensor> {
  const info = checkpoint.tensors.get(name)
  if (info?.dtype !== 'BF16') return checkpoint.read(name)
  const raw = new Uint8Array(allocate(info, (info.end - info.begin) / 4))
  await checkpoint.readStored(name, raw)
  return { shape: info.shape, data: storedBfloat16(info, raw) }
}

function nonFinite(info: TensorInfo, data: Float32Array, from: number): CheckpointError {
  let index = from
  while (index < data.length && Number.isFinite(data[index])) index++
  return new CheckpointError(
    `${info.file}: tensor ${shown(info.name)}: expected finite weights, got ${data[index]} at index ${index}`,
  )
}

/** The format of a tensor, and its bytes a value. @throws CheckpointError for one that we do not read */
export function storedFormat({ name, file, dtype }: TensorInfo): { dtype: StoredDtype; width: number } {
  if (!isStoredDtype(dtype)) {
    throw new CheckpointError(
      `${file}: tensor ${shown(name)}: expected ${STORED_DTYPES.join(', ')}, got ${dtype}, which is not read`,
    )
  }
  return { dtype, width: (dtypeBits(dtype) ?? 0) / 8 }
}

/**
 * Widens bytes as stored, a whole tensor's or some of its rows', to float32 at the start of `target`.
 * @throws CheckpointError for a value that is NaN or infinite.
 */
export function widenStored(info: TensorInfo, raw: Uint8Array, target: ArrayBuffer): Float32Array {
  const { dtype, width } = storedFormat(info)
  const values = raw.byteLength / width
  const rawStart = values * (4 - width)
  const data = new Float32Array(target, 0, values)
  const bytes = new Uint8Array(target)
  for (let first = 0; first < values; first += CHUNK_VALUES) {
    const count = Math.min(CHUNK_VALUES, values - first)
    const from = first * width
    bytes.set(raw.subarray(from, from + count * width), rawStart + from)
    if (widen(dtype, target, rawStart + from, first * 4, count)) throw nonFinite(info, data, first)
  }
  return data
}

/**
 * Reads the bytes of one tensor and widens them to float32.
 * @throws CheckpointError for a format that cannot be read, a file cut short, or a value that is NaN or infinite.
 */
export async function readTensor(handle: FileHandle, info: TensorInfo): Promise<HostTensor> {
  const { shape, file, begin, end } = info
  const { dtype, width } = storedFormat(info)
  const values = (end - begin) / width
  const buffer = allocate(info, values)
  const data = new Float32Array(buffer)
  const rawStart = buffer.byteLength - (end - begin)
  const read = (first: number): Promise<void> => {
    const count = Math.min(CHUNK_VALUES, values - first)
    const into = new Uint8Array(buffer, rawStart + first * width, count * width)
    return readExactly(handle, into, begin + first * width, file)
  }
  let pending = values > 0 ? read(0) : Promise.resolve()
  for (let first = 0; first < values; first += CHUNK_VALUES) {
    await pending
    const next = first + CHUNK_VALUES
    if (next < values) pending = read(next)
    const count = Math.min(CHUNK_VALUES, values - first)
    if (widen(dtype, buffer, rawStart + first * width, first * 4, count)) {
      // The read under way writes into `buffer`: let it end before the buffer is given up.
      await pending.catch(() => {})
      throw nonFinite(info, data, first)
    }
  }
  return { shape, data }
}
