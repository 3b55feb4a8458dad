/**
 * The runs of a folder as a person keeps them: listed, named, deleted, restored, taken out as a file
 * and brought in again. It needs no engine, so the command line uses it alone; the workbench adds what
 * computes now. Every question reads the disk anew, since other processes may share the folder.
 */
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { packRun, removeUnfinishedImports, unpackRun } from './archive.ts'
import type { DeletedRun, MetaPatch, RunId, RunRecord, RunSummary } from './events.ts'
import { listRuns, type RunList, readRecord, runFolder, SummaryCache } from './folder.ts'
import { changeMeta } from './meta.ts'
import { readSource } from './source.ts'
import { deletedRuns, deleteRun, purgeTrash, restoreRun } from './trash.ts'
import type { RunSource } from './workbench-types.ts'

export class RunShelf {
  readonly runsDir: string
  readonly #cache = new SummaryCache()

  constructor(runsDir: string) {
    this.runsDir = runsDir
  }

  /** Newest first. */
  list(): RunList {
    return listRuns(this.runsDir, this.#cache)
  }

  /** @throws StudyError if there is none of that name, or it is damaged */
  summary(id: RunId): RunSummary {
    return this.#cache.summary(runFolder(this.runsDir, id))
  }

  record(id: RunId): RunRecord {
    return readRecord(runFolder(this.runsDir, id))
  }

  /** @throws StudyError for a text that is too long, or if it cannot be written */
  annotate(id: RunId, patch: MetaPatch): RunSummary {
    const dir = runFolder(this.runsDir, id)
    changeMeta(dir, patch)
    stir(this.runsDir)
    return this.#cache.summary(dir)
  }

  /** Into the trash. @throws StudyError while somebody computes it */
  remove(id: RunId): void {
    deleteRun(this.runsDir, id)
  }

  /** Out of the trash, whole. @throws StudyError if it is not there */
  restore(id: RunId): RunSummary {
    restoreRun(this.runsDir, id)
    return this.summary(id)
  }

  /** The last deleted first. */
  deleted(): readonly DeletedRun[] {
    return deletedRuns(this.runsDir, this.#cache)
  }

  /** What lies in the trash by its rule, or all of it, goes for good. @returns how many runs */
  async purge(which: 'old' | 'all'): Promise<number> {
    removeUnfinishedImports(this.runsDir)
    return purgeTrash(this.runsDir, which)
  }

  /** The run as one file, as its bytes are made. */
  pack(id: RunId): Readable {
    return packRun(runFolder(this.runsDir, id), id)
  }

  /** @throws StudyError in one sentence for anything that is no archive of a run */
  async unpack(content: AsyncIterable<Uint8Array>): Promise<RunSummary> {
    return this.summary(await unpackRun(this.runsDir, content))
  }

  /** The study's source as it ran; null where nothing of it was kept. */
  source(id: RunId, builtIn: readonly string[], version: string): RunSource | null {
    const dir = runFolder(this.runsDir, id)
    return readSource(dir, readRecord(dir), builtIn, version)
  }
}

/** Whoever watches the runs folder hears of changes in it, not of those inside its folders: a file comes and goes. */
function stir(runsDir: string): void {
  const path = join(runsDir, `.changed-${process.pid}`)
  try {
    writeFileSync(path, '')
    rmSync(path)
  } catch {
    // Reloading the page shows it; only the telling is lost.
  }
}
