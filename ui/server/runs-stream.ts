/**
 * Changes to the list of runs on their way to one client: the last word on each run, a message at a
 * time, the next one only after the one before was acknowledged. What waits is at most one summary
 * a run, however long a client stalls.
 */
import type { RunId, RunSummary } from '../../studies/runs/events.ts'
import { RUNS_MS } from '../wire.ts'

export type SendRuns = (changed: readonly RunSummary[], removed: readonly RunId[], acknowledge: () => void) => void

export class RunsStream {
  readonly #send: SendRuns
  /** null: the run is gone. */
  readonly #waiting = new Map<RunId, RunSummary | null>()
  #timer: ReturnType<typeof setTimeout> | null = null
  #unacknowledged = false
  #closed = false

  constructor(send: SendRuns) {
    this.#send = send
  }

  changed(summary: RunSummary): void {
    this.#add(summary.id, summary)
  }

  removed(run: RunId): void {
    this.#add(run, null)
  }

  close(): void {
    this.#closed = true
    this.#waiting.clear()
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = null
  }

  #add(run: RunId, summary: RunSummary | null): void {
    if (this.#closed) return
    this.#waiting.set(run, summary)
    this.#schedule()
  }

  #schedule(): void {
    if (this.#unacknowledged || this.#waiting.size === 0) return
    this.#timer ??= setTimeout(() => this.#flush(), RUNS_MS)
  }

  #flush(): void {
    this.#timer = null
    const changed = [...this.#waiting.values()].filter(summary => summary !== null)
    const removed = [...this.#waiting].filter(([, summary]) => summary === null).map(([run]) => run)
    this.#waiting.clear()
    this.#unacknowledged = true
    this.#send(changed, removed, () => {
      this.#unacknowledged = false
      if (!this.#closed) this.#schedule()
    })
  }
}
