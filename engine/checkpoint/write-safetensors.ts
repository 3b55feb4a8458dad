/**
 * Writes safetensors files: captures, test checkpoints, random checkpoints of any size. The header
 * goes first and then one tensor after another, so that only one tensor need be in memory.
 */
import { type FileHandle, open } from 'node:fs/promises'
import { CheckpointError, internalError } from '../errors.ts'
import { narrowToBfloat16 } from './dtype.ts'
import { errorCode, shown } from './json-file.ts'

export interface OutputTensor {
  readonly name: string
  readonly shape: readonly number[]
  readonly data: Float32Array | Int32Array
}

/** A tensor whose values are made when its turn comes. */
export interface StreamedTensor {
  readonly name: string
  readonly shape: readonly number[]
  /** BF16 is rounded to the nearest, ties to even. */
  readonly dtype: 'F32' | 'BF16' | 'I32'
  /** As many values as the shape says; Int32Array exactly when the dtype is I32. */
  values(): Float32Array | Int32Array
}

const WIDTH = { F32: 4, BF16: 2, I32: 4 } as const

/** The format wants data to begin at a multiple of 8 bytes; spaces fill the header up. */
const ALIGNMENT = 8

function valueCount(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1)
}

function headerBytes(tensors: readonly StreamedTensor[], metadata: Readonly<Record<string, string>> | undefined) {
  const header: Record<string, unknown> = metadata === undefined ? {} : { __metadata__: metadata }
  let begin = 0
  for (const { name, shape, dtype } of tensors) {
    if (Object.hasOwn(header, name)) throw internalError(`two tensors called ${shown(name)}`)
    const end = begin + valueCount(shape) * WIDTH[dtype]
    header[name] = { dtype, shape, data_offsets: [begin, end] }
    begin = end
  }
  const json = Buffer.from(JSON.stringify(header))
  const padded = Math.ceil(json.length / ALIGNMENT) * ALIGNMENT
  const bytes = Buffer.alloc(8 + padded, ' ')
  bytes.writeBigUInt64LE(BigInt(padded), 0)
  json.copy(bytes, 8)
  return bytes
}

function dataBytes(tensor: StreamedTensor): Uint8Array {
  const values = tensor.values()
  if (values.length !== valueCount(tensor.shape) || values instanceof Int32Array !== (tensor.dtype === 'I32')) {
    throw internalError(`${tensor.name}: ${values.length} values for ${tensor.dtype} ${shown(tensor.shape)}`)
  }
  const stored = tensor.dtype === 'BF16' && values instanceof Float32Array ? narrowToBfloat16(values) : values
  return new Uint8Array(stored.buffer, stored.byteOffset, stored.byteLength)
}

async function writeAll(handle: FileHandle, bytes: Uint8Array): Promise<void> {
  let done = 0
  while (done < bytes.length) done += (await handle.write(bytes, done, bytes.length - done)).bytesWritten
}

/**
 * Writes tensors whose values are made one after another, in the order given.
 * @throws CheckpointError if the file cannot be written.
 */
export async function streamSafetensors(
  path: string,
  tensors: readonly StreamedTensor[],
  metadata?: Readonly<Record<string, string>>,
): Promise<void> {
  const header = headerBytes(tensors, metadata)
  try {
    const handle = await open(path, 'w')
    try {
      await writeAll(handle, header)
      for (const tensor of tensors) await writeAll(handle, dataBytes(tensor))
    } finally {
      await handle.close()
    }
  } catch (error) {
    if (error instanceof Error && 'syscall' in error) {
      throw new CheckpointError(`${path}: expected to write tensors there, got ${errorCode(error)}`)
    }
    throw error
  }
}

/** Writes tensors that are in memory, float32 as F32 and int32 as I32. */
export async function writeSafetensors(
  path: string,
  tensors: readonly OutputTensor[],
  metadata?: Readonly<Record<string, string>>,
): Promise<void> {
  const streamed = tensors.map(({ name, shape, data }): StreamedTensor => {
    return { name, shape, dtype: data instanceof Int32Array ? 'I32' : 'F32', values: () => data }
  })
  await streamSafetensors(path, streamed, metadata)
}
