/**
 * What became of the runs, told once: other processes that share the folder make runs, name them and
 * delete them without a word to us. The folder is watched; while some run computes, elsewhere too, which no
 * watch of the folder tells, it is looked at every two seconds.
 */
import { type RunId, type RunSummary, UNFINISHED } from './events.ts'
import { FolderWatch } from './folder-watch.ts'

const LOOK_EVERY_MS = 2000

export interface NewsHooks {
  /** All runs as they are now. @throws StudyError where the folder cannot be read */
  runs(): readonly RunSummary[]
  changed(run: RunSummary): void
  removed(run: RunId): void
}

export class RunNews {
  readonly #hooks: NewsHooks
  readonly #watch = new FolderWatch(() => this.#lookAgain())
  /** Null until somebody asked for the runs: before that nobody knows any. */
  #known: Map<RunId, string> | null = null
  #timer: ReturnType<typeof setTimeout> | null = null

  constructor(hooks: NewsHooks) {
    this.#hooks = hooks
  }

  /** Watches a folder from now on, once it is there. */
  watch(folder: string): void {
    this.#watch.add(folder)
  }

  /** Tells of a run, whether or not it differs from what was told. */
  tell(run: RunSummary): void {
    this.#known?.set(run.id, JSON.stringify(run))
    this.#hooks.changed(run)
  }

  tellGone(run: RunId): void {
    this.#known?.delete(run)
    this.#hooks.removed(run)
  }

  /** Tells where these, which are all there are, differ from what was told. */
  compare(runs: readonly RunSummary[]): void {
    const before = this.#known
    this.#known = new Map(runs.map(run => [run.id, JSON.stringify(run)]))
    if (runs.some(run => UNFINISHED.includes(run.state))) this.#lookSoon()
    if (before === null) return
    for (const run of runs) if (before.get(run.id) !== this.#known.get(run.id)) this.#hooks.changed(run)
    for (const run of before.keys()) if (!this.#known.has(run)) this.#hooks.removed(run)
  }

  close(): void {
    this.#watch.close()
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = null
  }

  #lookSoon(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = null
      this.#lookAgain()
    }, LOOK_EVERY_MS)
    this.#timer.unref()
  }

  #lookAgain(): void {
    if (this.#known === null) return
    try {
      this.compare(this.#hooks.runs())
    } catch {
      // Whoever asks for the runs next is told why they cannot be read.
    }
  }
}
