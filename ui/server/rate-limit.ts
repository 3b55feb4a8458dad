/** A bucket that holds `burst` permits and refills at `perSecond`: short bursts pass, floods do not. */
export class RateLimit {
  readonly #burst: number
  readonly #perSecond: number
  #permits: number
  #filledAt = performance.now()

  constructor(burst: number, perSecond: number) {
    this.#burst = burst
    this.#perSecond = perSecond
    this.#permits = burst
  }

  /** Takes a permit; false where there is none left. */
  take(): boolean {
    const now = performance.now()
    this.#permits = Math.min(this.#burst, this.#permits + ((now - this.#filledAt) / 1000) * this.#perSecond)
    this.#filledAt = now
    if (this.#permits < 1) return false
    this.#permits -= 1
    return true
  }
}
