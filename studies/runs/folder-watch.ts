/**
 * Tells when something in a folder was saved, made or removed. Folders are watched, not files: editors
 * save by renaming a new file over the old one, which a watch of the file itself would lose.
 */
import { type FSWatcher, watch } from 'node:fs'

/** An editor's save is several events. */
const GATHER_MS = 150

export class FolderWatch {
  readonly #watchers = new Map<string, FSWatcher>()
  readonly #onChange: () => void
  #timer: ReturnType<typeof setTimeout> | null = null

  constructor(onChange: () => void) {
    this.#onChange = onChange
  }

  /** Watches a folder from now on; one that is not there, or cannot be watched, is left alone. */
  add(folder: string): void {
    if (this.#watchers.has(folder)) return
    try {
      const watcher = watch(folder, { persistent: false }, () => this.#changed())
      watcher.on('error', () => this.#drop(folder))
      this.#watchers.set(folder, watcher)
    } catch {
      // Reloading the page asks for everything anew; only the telling is lost.
    }
  }

  close(): void {
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = null
    for (const watcher of this.#watchers.values()) watcher.close()
    this.#watchers.clear()
  }

  #changed(): void {
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = setTimeout(() => {
      this.#timer = null
      this.#onChange()
    }, GATHER_MS)
    this.#timer.unref()
  }

  #drop(folder: string): void {
    this.#watchers.get(folder)?.close()
    this.#watchers.delete(folder)
  }
}
