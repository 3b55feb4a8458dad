/**
 * The header of a safetensors file: 8 bytes of length (little-endian), that many bytes of JSON, then
 * the tensors' bytes, which must cover the rest of the file in order, without hole or overlap.
 *
 * Checkpoints come from strangers, and a header that lies turns into wrong weights without an error:
 * so every rule of the format is checked before a byte of data is believed.
 */
import { readSync } from 'node:fs'
import type { FileHandle } from 'node:fs/promises'
import { CheckpointError } from '../errors.ts'
import { dtypeBits } from './dtype.ts'
import { isJsonObject, type JsonObject, parseJsonObject, shown } from './json-file.ts'
import { duplicateKey } from './json-keys.ts'
import { STORED_DTYPES, type TensorInfo } from './types.ts'

/** The limit of the reference implementation, and far above any real header. */
const MAX_HEADER_BYTES = 100_000_000

const LENGTH_BYTES = 8

/** Node refuses to read 2 GB at once. */
const MAX_READ_BYTES = 2 ** 30

/** How a Git LFS pointer begins: what a clone without LFS holds in place of the weights. */
const LFS_POINTER_START = 'version '

function isNatural(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
}

function entryError(file: string, name: string, message: string): CheckpointError {
  return new CheckpointError(`${file}: tensor ${shown(name)}: ${message}`)
}

/** One header entry, checked alone: dtype, shape and offsets agree. Offsets stay relative to the data. */
function parseEntry(file: string, name: string, entry: unknown): TensorInfo {
  if (!isJsonObject(entry)) throw entryError(file, name, `expected an object, got ${shown(entry)}`)
  const { dtype, shape, data_offsets: offsets } = entry
  const bits = typeof dtype === 'string' ? dtypeBits(dtype) : undefined
  if (typeof dtype !== 'string' || bits === undefined) {
    throw entryError(file, name, `expected a dtype such as ${STORED_DTYPES.join(', ')}, got ${shown(dtype)}`)
  }
  if (!Array.isArray(shape) || !shape.every(isNatural)) {
    throw entryError(file, name, `expected a shape of non-negative integers, got ${shown(shape)}`)
  }
  const values = shape.reduce((product, size) => product * size, 1)
  if (!Number.isSafeInteger(values * bits)) {
    throw entryError(file, name, `expected a shape that fits a file, got ${shown(shape)}`)
  }
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isNatural)) {
    throw entryError(file, name, `expected data_offsets of two non-negative integers, got ${shown(offsets)}`)
  }
  const [begin = 0, end = 0]: number[] = offsets
  if ((end - begin) * 8 !== values * bits) {
    throw entryError(
      file,
      name,
      `expected ${(values * bits) / 8} bytes for ${dtype} ${shown(shape)}, got offsets ${begin} to ${end}`,
    )
  }
  return { name, dtype, shape, file, begin, end }
}

function checkMetadata(file: string, metadata: unknown): void {
  if (metadata === undefined) return
  if (!isJsonObject(metadata) || !Object.values(metadata).every(value => typeof value === 'string')) {
    throw new CheckpointError(`${file}: __metadata__: expected an object of strings, got ${shown(metadata)}`)
  }
}

/** The entries against each other and the file: in order they must cover the data exactly. */
function checkCover(file: string, tensors: readonly TensorInfo[], dataBytes: number): void {
  let covered = 0
  let before = ''
  for (const { name, begin, end } of tensors) {
    if (begin < covered) throw entryError(file, name, `its bytes ${begin} to ${end} overlap those of ${shown(before)}`)
    if (begin > covered) {
      throw entryError(file, name, `expected its data to begin at byte ${covered}, got ${begin}: a hole`)
    }
    covered = end
    before = name
  }
  if (covered > dataBytes) {
    throw new CheckpointError(
      `${file}: expected ${covered} bytes of tensors, got ${dataBytes}: the file was cut; download it again`,
    )
  }
  if (covered < dataBytes) {
    throw new CheckpointError(`${file}: expected ${covered} bytes of tensors, got ${dataBytes}: bytes of no tensor`)
  }
}

/**
 * Parses and checks the JSON of a header.
 * @param dataStart where in the file the data begin, in bytes.
 * @param dataBytes how many bytes of data the file holds.
 * @returns the tensors in the order of their data, offsets from the start of the file.
 */
function parseHeader(bytes: Uint8Array, file: string, dataStart: number, dataBytes: number): TensorInfo[] {
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    throw new CheckpointError(`${file}: expected a header of UTF-8 text, got other bytes: not a safetensors file`)
  }
  let header: JsonObject
  try {
    header = parseJsonObject(text, `${file}: header`)
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    throw new CheckpointError(`${message}: damaged, or not a safetensors file`)
  }
  const twice = duplicateKey(text)
  if (twice !== null) throw new CheckpointError(`${file}: header: ${shown(twice)} stands in it twice`)
  const { __metadata__: metadata, ...entries } = header
  checkMetadata(file, metadata)
  const tensors = Object.entries(entries).map(([name, entry]) => parseEntry(file, name, entry))
  tensors.sort((a, b) => a.begin - b.begin || a.end - b.end)
  checkCover(file, tensors, dataBytes)
  return tensors.map(tensor => ({ ...tensor, begin: tensor.begin + dataStart, end: tensor.end + dataStart }))
}

/** Fills `into` from byte `position` of the file; a file that ends early is an error. */
export async function readExactly(handle: FileHandle, into: Uint8Array, position: number, file: string): Promise<void> {
  let done = 0
  while (done < into.length) {
    const { bytesRead } = await handle.read(into, done, Math.min(into.length - done, MAX_READ_BYTES), position + done)
    if (bytesRead === 0) throw cutAt(file, position + done)
    done += bytesRead
  }
}

/** The same, blocking. */
export function readExactlySync(descriptor: number, into: Uint8Array, position: number, file: string): void {
  let done = 0
  while (done < into.length) {
    const bytesRead = readSync(descriptor, into, done, into.length - done, position + done)
    if (bytesRead === 0) throw cutAt(file, position + done)
    done += bytesRead
  }
}

function cutAt(file: string, position: number): CheckpointError {
  return new CheckpointError(`${file}: expected data at byte ${position}, got the end: the file was cut`)
}

/**
 * Reads and checks the header of an open safetensors file.
 * @param file what errors call it.
 * @returns its tensors in the order of their data.
 * @throws CheckpointError naming the file, and the tensor where one is at fault.
 */
export async function readHeader(handle: FileHandle, file: string): Promise<TensorInfo[]> {
  const stat = await handle.stat()
  if (!stat.isFile()) throw new CheckpointError(`${file}: expected a file, got something else`)
  const { size } = stat
  if (size < LENGTH_BYTES) {
    throw new CheckpointError(`${file}: expected a safetensors header, got a file of ${size} bytes`)
  }
  const lengthBytes = new Uint8Array(LENGTH_BYTES)
  await readExactly(handle, lengthBytes, 0, file)
  if (new TextDecoder().decode(lengthBytes) === LFS_POINTER_START) {
    throw new CheckpointError(`${file}: expected weights, got a Git LFS pointer: fetch them with \`git lfs pull\``)
  }
  const length = new DataView(lengthBytes.buffer).getBigUint64(0, true)
  if (length > BigInt(MAX_HEADER_BYTES)) {
    throw new CheckpointError(
      `${file}: expected a header of at most ${MAX_HEADER_BYTES} bytes, got ${length}: not a safetensors file`,
    )
  }
  const dataStart = LENGTH_BYTES + Number(length)
  if (dataStart > size) {
    throw new CheckpointError(
      `${file}: expected a header of ${length} bytes, got a file of ${size}: cut, or not a safetensors file`,
    )
  }
  const header = new Uint8Array(Number(length))
  await readExactly(handle, header, LENGTH_BYTES, file)
  return parseHeader(header, file, dataStart, size - dataStart)
}
