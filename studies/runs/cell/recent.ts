/**
 * What was computed lately, the least recently used given up first. Bounded by bytes, since one answer
 * may be a thousand times another.
 */

/** Some hundred answers about short prompts, some twenty attention patterns of long ones. */
const MAX_BYTES = 32e6

export class Recent {
  readonly #maxBytes: number
  readonly #entries = new Map<string, { readonly value: unknown; readonly bytes: number }>()
  #bytes = 0

  constructor(maxBytes = MAX_BYTES) {
    this.#maxBytes = maxBytes
  }

  get bytes(): number {
    return this.#bytes
  }

  /**
   * The value of a key, computed where it is not known. What fails is not kept.
   * @param size of a value, in bytes
   */
  async of<T>(key: string, size: (value: T) => number, compute: () => Promise<T>): Promise<T> {
    const known = this.#entries.get(key)
    if (known !== undefined) {
      // Taken out and put back, so that the order is that of use.
      this.#entries.delete(key)
      this.#entries.set(key, known)
      return known.value as T
    }
    const value = await compute()
    this.#keep(key, value, size(value))
    return value
  }

  #keep(key: string, value: unknown, bytes: number): void {
    this.#drop(key)
    if (bytes > this.#maxBytes) return
    this.#entries.set(key, { value, bytes })
    this.#bytes += bytes
    for (const oldest of this.#entries.keys()) {
      if (this.#bytes <= this.#maxBytes) return
      this.#drop(oldest)
    }
  }

  #drop(key: string): void {
    this.#bytes -= this.#entries.get(key)?.bytes ?? 0
    this.#entries.delete(key)
  }
}

/** What a value takes as JSON. */
export const jsonBytes = (value: unknown): number => JSON.stringify(value).length
