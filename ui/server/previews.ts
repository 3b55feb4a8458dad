/**
 * Small pictures of runs for lists. Reading a large run whole takes a tenth of a second, so a picture
 * is made once: kept in memory, and as `preview.png` in the folder of a run that has come to rest.
 */
import { renameSync, statSync, writeFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { RunId } from '../../studies/runs/events.ts'
import { JOURNAL_FILE } from '../../studies/runs/journal.ts'
import type { Workbench } from '../../studies/runs/workbench-types.ts'
import { previewPng } from '../figures/preview.ts'

const PREVIEW_FILE = 'preview.png'
const AT_REST = new Set(['done', 'cancelled', 'failed', 'interrupted'])
/** A list's worth and more: a picture is about a kilobyte. */
const MAX_KEPT = 2000

export class Previews {
  readonly #workbench: Workbench
  readonly #kept = new Map<RunId, { readonly stamp: string; readonly picture: Buffer }>()

  constructor(workbench: Workbench) {
    this.#workbench = workbench
  }

  /** @throws StudyError if there is no such run */
  async png(run: RunId): Promise<Buffer> {
    const dir = join(this.#workbench.runsDir, run)
    const journal = statSync(join(dir, JOURNAL_FILE), { throwIfNoEntry: false })
    const stamp = journal === undefined ? null : `${journal.ino}:${journal.size}:${journal.mtimeMs}`
    const kept = this.#kept.get(run)
    if (stamp !== null && kept?.stamp === stamp) return kept.picture
    const stored = journal === undefined ? null : await readNewer(join(dir, PREVIEW_FILE), journal.mtimeMs)
    const picture = stored ?? (await this.#draw(run, stamp === null ? null : dir))
    if (stamp !== null) this.#keep(run, { stamp, picture })
    return picture
  }

  async #draw(run: RunId, dir: string | null): Promise<Buffer> {
    const { figures, state } = await this.#workbench.snapshot(run)
    const picture = previewPng(figures[0] ?? null)
    if (dir !== null && AT_REST.has(state)) storeQuietly(join(dir, PREVIEW_FILE), picture)
    return picture
  }

  #keep(run: RunId, entry: { readonly stamp: string; readonly picture: Buffer }): void {
    const [oldest] = this.#kept.keys()
    if (oldest !== undefined && this.#kept.size >= MAX_KEPT) this.#kept.delete(oldest)
    this.#kept.set(run, entry)
  }
}

/** The file's bytes, where it was written after `sinceMs`. */
async function readNewer(path: string, sinceMs: number): Promise<Buffer | null> {
  const mtimeMs = statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? Number.NEGATIVE_INFINITY
  return mtimeMs > sinceMs ? readFile(path).catch(() => null) : null
}

/** A picture that cannot be stored is drawn again another time. */
function storeQuietly(path: string, picture: Buffer): void {
  try {
    writeFileSync(`${path}.part`, picture)
    renameSync(`${path}.part`, path)
  } catch {}
}
