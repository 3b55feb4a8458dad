/** The shelf of runs as the workbench has it: it knows what computes now, and tells who listens. */
import type { Readable } from 'node:stream'
import type { DeletedRun, MetaPatch, RunId, RunRecord, RunSummary } from './events.ts'
import type { RunShelf } from './shelf.ts'
import { busyProblem } from './trash.ts'
import { versions } from './versions.ts'
import type { RunHistory, RunSource } from './workbench-types.ts'

export interface HistoryHooks {
  /** The run's summary while it computes or waits here, else null. */
  active(run: RunId): RunSummary | null
  changed(summary: RunSummary): void
  removed(run: RunId): void
  /** Ids of the studies that ship. */
  builtIn(): Promise<readonly string[]>
}

export class LocalHistory implements RunHistory {
  readonly #shelf: RunShelf
  readonly #hooks: HistoryHooks

  constructor(shelf: RunShelf, hooks: HistoryHooks) {
    this.#shelf = shelf
    this.#hooks = hooks
  }

  async record(run: RunId): Promise<RunRecord> {
    return this.#shelf.record(run)
  }

  async annotate(run: RunId, patch: MetaPatch): Promise<RunSummary> {
    const stored = this.#shelf.annotate(run, patch)
    return this.#told(this.#hooks.active(run) ?? stored)
  }

  async remove(run: RunId): Promise<void> {
    if (this.#hooks.active(run) !== null) throw busyProblem(run)
    this.#shelf.remove(run)
    this.#hooks.removed(run)
  }

  async restore(run: RunId): Promise<RunSummary> {
    return this.#told(this.#shelf.restore(run))
  }

  async deleted(): Promise<readonly DeletedRun[]> {
    return this.#shelf.deleted()
  }

  async pack(run: RunId): Promise<Readable> {
    return this.#shelf.pack(run)
  }

  async unpack(content: AsyncIterable<Uint8Array>): Promise<RunSummary> {
    return this.#told(await this.#shelf.unpack(content))
  }

  async source(run: RunId): Promise<RunSource | null> {
    return this.#shelf.source(run, await this.#hooks.builtIn(), versions().patchlight)
  }

  #told(summary: RunSummary): RunSummary {
    this.#hooks.changed(summary)
    return summary
  }
}
