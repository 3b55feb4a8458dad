/** Takes the numbers of a message from its one binary part, in the order in which they were put there. */
import type { WireBytes } from '../wire.ts'

export class ByteReader {
  readonly #bytes: Uint8Array
  #at = 0

  constructor(bytes: WireBytes) {
    this.#bytes = bytes instanceof Uint8Array ? bytes : new Uint8Array(bytes)
  }

  /** The next `count` float32 values, as a copy: where they lie need not be a multiple of four. */
  floats(count: number): Float32Array<ArrayBuffer> {
    return new Float32Array(this.bytes(4 * count).buffer)
  }

  /** The next `count` bytes, as a copy. */
  bytes(count: number): Uint8Array<ArrayBuffer> {
    const copy = new Uint8Array(count)
    copy.set(this.#bytes.subarray(this.#at, this.#at + count))
    this.#at += count
    return copy
  }
}
