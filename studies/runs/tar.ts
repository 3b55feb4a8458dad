/**
 * The part of tar (POSIX ustar) that a run needs: plain files, written and read as streams, so that a
 * large run costs no memory. Reading takes no links, devices or extended headers: an archive of a run
 * holds none, and what an archive can do to a file system comes from them.
 */
import { StudyError } from '../../engine/errors.ts'

const BLOCK = 512
const MAX_NAME = 100
const MAX_PREFIX = 155
/** Eleven octal digits. */
const MAX_SIZE = 8 ** 11 - 1

export interface TarFile {
  /** With `/` between its parts; each part under 100 bytes. */
  readonly path: string
  readonly size: number
  readonly content: AsyncIterable<Uint8Array>
}

/** @throws StudyError for a path that is too long, or a content that is not as long as it was said to be */
export async function* writeTar(files: AsyncIterable<TarFile> | Iterable<TarFile>): AsyncGenerator<Uint8Array> {
  for await (const { path, size, content } of files) {
    yield header(path, size)
    let written = 0
    for await (const chunk of content) {
      written += chunk.length
      yield chunk
    }
    if (written !== size) throw new StudyError(`archive: ${path} changed while it was read; try again`)
    yield Buffer.alloc(padding(size))
  }
  yield Buffer.alloc(2 * BLOCK)
}

function header(path: string, size: number): Buffer {
  const slash = path.lastIndexOf('/')
  const [prefix, name] = slash < 0 ? ['', path] : [path.slice(0, slash), path.slice(slash + 1)]
  if (Buffer.byteLength(name) > MAX_NAME || Buffer.byteLength(prefix) > MAX_PREFIX || size > MAX_SIZE) {
    throw new StudyError(`archive: expected names of at most ${MAX_NAME} bytes, got ${path}`)
  }
  const block = Buffer.alloc(BLOCK)
  const octal = (value: number, digits: number) => `${value.toString(8).padStart(digits, '0')}\0`
  block.write(name, 0)
  block.write(octal(0o644, 7), 100)
  block.write(octal(0, 7), 108)
  block.write(octal(0, 7), 116)
  block.write(octal(size, 11), 124)
  block.write(octal(0, 11), 136)
  block.write(' '.repeat(8), 148)
  block.write('0', 156)
  block.write('ustar\x0000', 257)
  block.write(prefix, 345)
  block.write(`${checksum(block).toString(8).padStart(6, '0')}\0 `, 148)
  return block
}

/** Sum of all bytes, those of the sum itself taken as spaces. */
function checksum(block: Buffer): number {
  let sum = 0
  for (let i = 0; i < BLOCK; i++) sum += i >= 148 && i < 156 ? 32 : (block[i] ?? 0)
  return sum
}

function padding(size: number): number {
  return (BLOCK - (size % BLOCK)) % BLOCK
}

/**
 * The files of an archive, in order. Each one's content must be read to its end before the next.
 * @throws StudyError for what is no tar archive, ends early, or holds anything but files and folders
 */
export async function* readTar(archive: AsyncIterable<Uint8Array>): AsyncGenerator<TarFile> {
  const source = new Blocks(archive)
  for (;;) {
    const block = await source.take(BLOCK)
    if (block.every(byte => byte === 0)) break
    if (parseOctal(block, 148, 8) !== checksum(block)) throw new StudyError('archive: it is damaged, or no archive')
    const size = parseOctal(block, 124, 12)
    const prefix = text(block, 345, MAX_PREFIX)
    const name = text(block, 0, MAX_NAME)
    const path = prefix === '' ? name : `${prefix}/${name}`
    const type = String.fromCharCode(block[156] ?? 0)
    if (type === '5' && size === 0) continue
    if (type !== '0' && type !== '\0') {
      throw new StudyError(`archive: expected plain files, got ${JSON.stringify(path)}, a link or something like it`)
    }
    yield { path, size, content: source.stream(size) }
    await source.take(padding(size))
  }
  await source.drain()
}

function parseOctal(block: Buffer, at: number, length: number): number {
  const digits = text(block, at, length).trim()
  return /^[0-7]+$/.test(digits) ? Number.parseInt(digits, 8) : Number.NaN
}

function text(block: Buffer, at: number, length: number): string {
  const end = block.indexOf(0, at)
  return block.toString('utf8', at, end < 0 || end > at + length ? at + length : end)
}

/** Bytes taken from chunks as they come. */
class Blocks {
  readonly #chunks: AsyncIterator<Uint8Array>
  #rest: Buffer = Buffer.alloc(0)

  constructor(archive: AsyncIterable<Uint8Array>) {
    this.#chunks = archive[Symbol.asyncIterator]()
  }

  /** Few bytes, whole. */
  async take(count: number): Promise<Buffer> {
    const parts: Uint8Array[] = []
    for await (const part of this.stream(count)) parts.push(part)
    return Buffer.concat(parts)
  }

  async *stream(count: number): AsyncGenerator<Uint8Array> {
    let wanted = count
    while (wanted > 0) {
      if (this.#rest.length === 0 && !(await this.#more())) throw new StudyError('archive: it ends early')
      const part = this.#rest.subarray(0, wanted)
      this.#rest = this.#rest.subarray(part.length)
      wanted -= part.length
      yield part
    }
  }

  /** Reads what is left, so that a checksum at the end is looked at. */
  async drain(): Promise<void> {
    while (await this.#more());
  }

  async #more(): Promise<boolean> {
    const { value, done } = await this.#chunks.next()
    if (done === true) return false
    this.#rest = Buffer.from(value.buffer, value.byteOffset, value.byteLength)
    return true
  }
}
