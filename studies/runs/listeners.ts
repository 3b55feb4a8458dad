/** Listeners by event name, typed; one that throws does not keep the others from hearing. */
export class Listeners<Events extends Record<keyof Events, readonly unknown[]>> {
  readonly #sets: { [K in keyof Events]?: Set<(...args: Events[K]) => void> } = {}

  /** Returns what takes the listener off again. */
  on<K extends keyof Events>(event: K, listener: (...args: Events[K]) => void): () => void {
    const set = this.#sets[event] ?? new Set<(...args: Events[K]) => void>()
    this.#sets[event] = set
    set.add(listener)
    return () => {
      set.delete(listener)
    }
  }

  emit<K extends keyof Events>(event: K, ...args: Events[K]): void {
    for (const listener of this.#sets[event] ?? []) {
      try {
        listener(...args)
      } catch (error) {
        process.stderr.write(`internal: a listener failed: ${error instanceof Error ? error.message : String(error)}\n`)
      }
    }
  }
}
