/** Compiled code by its key: the latest used are kept, the one used longest ago ends first. */
import type { Made } from './api.ts'

/** Entries of a cache. A model has about four shapes of matrices, a sweep many numbers of rows. */
const KEPT = 256

export class Kept<T> {
  readonly #ended: (value: T) => readonly Made[]
  /** In order of use: the first is the one used longest ago. */
  readonly #values = new Map<string, T>()

  /** @param ended the library's objects that end with a value */
  constructor(ended: (value: T) => readonly Made[]) {
    this.#ended = ended
  }

  /** What is kept under a key, or made now. */
  get(key: string, make: () => T): T {
    const found = this.#values.get(key)
    if (found !== undefined) {
      this.#values.delete(key)
      this.#values.set(key, found)
      return found
    }
    for (const [oldest, value] of this.#values) {
      if (this.#values.size < KEPT) break
      this.#values.delete(oldest)
      this.#end(value)
    }
    const made = make()
    this.#values.set(key, made)
    return made
  }

  /** Ends all. */
  clear(): void {
    for (const value of this.#values.values()) this.#end(value)
    this.#values.clear()
  }

  #end(value: T): void {
    for (const made of this.#ended(value)) made.end()
  }
}
