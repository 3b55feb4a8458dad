/** How fast bytes arrive, over the last seconds, and how long the rest will take. */

const WINDOW_MS = 5000
/** Less than this says nothing yet. */
const MIN_SPAN_MS = 500

export interface Rate {
  /** Null until enough was seen. */
  readonly bytesPerSecond: number | null
  readonly etaMs: number | null
}

export class Meter {
  readonly #samples: { atMs: number; bytes: number }[] = []
  #bytes = 0

  /** Counts bytes that arrived at a time. */
  add(bytes: number, atMs: number): void {
    if (this.#samples.length === 0) this.#samples.push({ atMs, bytes: 0 })
    this.#bytes += bytes
    this.#samples.push({ atMs, bytes: this.#bytes })
    while ((this.#samples[1]?.atMs ?? atMs) < atMs - WINDOW_MS) this.#samples.shift()
  }

  rate(leftBytes: number): Rate {
    const first = this.#samples[0]
    const last = this.#samples.at(-1)
    const spanMs = first === undefined || last === undefined ? 0 : last.atMs - first.atMs
    if (first === undefined || last === undefined || spanMs < MIN_SPAN_MS || last.bytes === first.bytes) {
      return { bytesPerSecond: null, etaMs: null }
    }
    const bytesPerSecond = (1000 * (last.bytes - first.bytes)) / spanMs
    return { bytesPerSecond, etaMs: (1000 * leftBytes) / bytesPerSecond }
  }
}
