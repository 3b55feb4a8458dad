/**
 * Deleted runs: `.trash/20261122T001530123Z.<id>` in the runs folder, the folder as it was under a
 * name that says when it went. Deleting and restoring are one rename each, so a crash leaves a run in
 * one place or the other, whole.
 *
 * The rule by which they go for good: 30 days after they were deleted, when a server starts; or at
 * once, when somebody says `patchlight runs purge`.
 */
import { mkdirSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { StudyError } from '../../engine/errors.ts'
import type { DeletedRun, RunId } from './events.ts'
import { ID_PATTERN, runFolder, SummaryCache } from './folder.ts'
import { diskProblem, isErrno, isNoRoom } from './journal.ts'
import { isLocked, LOCK_FILE, lockRun, type RunLock } from './lock.ts'

const TRASH = '.trash'
const TRASH_DAYS = 30
const DAY_MS = 24 * 3600 * 1000
const ENTRY = /^(\d{4})(\d{2})(\d{2})T(\d{2})(\d{2})(\d{2})(\d{3})Z\.(.+)$/

interface Entry {
  readonly dir: string
  readonly id: RunId
  readonly deletedAt: string
}

/**
 * Puts a run into the trash.
 * @throws StudyError while somebody computes it, or if there is none of that name
 */
export function deleteRun(runsDir: string, id: RunId): void {
  const dir = runFolder(runsDir, id)
  if (isLocked(dir)) throw busyProblem(id)
  const lock = heldWhileMoved(dir)
  try {
    const stamp = new Date().toISOString().replaceAll(/[-:.]/g, '')
    const away = join(runsDir, TRASH, `${stamp}.${id}`)
    mkdirSync(join(runsDir, TRASH), { recursive: true })
    renameSync(dir, away)
    rmSync(join(away, LOCK_FILE), { force: true })
  } catch (error) {
    throw diskProblem(`run ${id}`, error)
  } finally {
    lock?.release()
  }
}

/** So that nobody begins to resume it half way. Null where there is no room for a lock: deleting is what makes room. */
function heldWhileMoved(dir: string): RunLock | null {
  try {
    return lockRun(dir)
  } catch (error) {
    if (isNoRoom(error)) return null
    throw error
  }
}

export function busyProblem(id: RunId): StudyError {
  return new StudyError(`run ${id}: it cannot be deleted while it computes or waits; cancel it first`)
}

/** Takes a run out of the trash, whole. @throws StudyError if it is not there, or its place is taken. */
export function restoreRun(runsDir: string, id: RunId): void {
  const entry = entries(runsDir).findLast(one => one.id === id)
  if (entry === undefined) throw new StudyError(`run ${JSON.stringify(id)}: it is not among the deleted runs`)
  const dir = join(runsDir, id)
  if (statSync(dir, { throwIfNoEntry: false }) !== undefined) {
    throw new StudyError(`run ${id}: it cannot be restored: another run has its name; rename that folder first`)
  }
  try {
    renameSync(entry.dir, dir)
  } catch (error) {
    throw diskProblem(`run ${id}`, error)
  }
}

/** Runs in the trash, the last deleted first; a folder that cannot be read is left out. */
export function deletedRuns(runsDir: string, cache = new SummaryCache()): DeletedRun[] {
  return entries(runsDir)
    .flatMap(({ dir, id, deletedAt }) => {
      try {
        const run = cache.summary(dir)
        return run.id === id ? [{ deletedAt, run }] : []
      } catch {
        return []
      }
    })
    .reverse()
}

/** Removes for good what was deleted 30 days ago, or all of it. @returns how many runs went */
export async function purgeTrash(runsDir: string, which: 'old' | 'all', now = Date.now()): Promise<number> {
  const gone = entries(runsDir).filter(
    ({ deletedAt }) => which === 'all' || now - Date.parse(deletedAt) > TRASH_DAYS * DAY_MS,
  )
  for (const { dir } of gone) await rm(dir, { recursive: true, force: true })
  return gone.length
}

/** In the order in which they were deleted. */
function entries(runsDir: string): Entry[] {
  let names: string[]
  try {
    names = readdirSync(join(runsDir, TRASH)).sort()
  } catch (error) {
    if (isErrno(error, 'ENOENT') || isErrno(error, 'ENOTDIR')) return []
    throw diskProblem(join(runsDir, TRASH), error)
  }
  return names.flatMap(name => {
    const [, year, month, day, hour, minute, second, ms, id = ''] = ENTRY.exec(name) ?? []
    if (!ID_PATTERN.test(id)) return []
    const deletedAt = `${year}-${month}-${day}T${hour}:${minute}:${second}.${ms}Z`
    return [{ dir: join(runsDir, TRASH, name), id, deletedAt }]
  })
}
