/**
 * A run's lock: the file `lock` in its folder, held by the one process that may write its journal.
 *
 * On the same machine an owner is alive if its process is (and, on Linux, began when the lock says,
 * since process numbers are used again). From another machine, over a shared folder, only the file's
 * time can tell: the owner touches it every few seconds.
 */
import { randomBytes } from 'node:crypto'
import { readFileSync, renameSync, rmSync, statSync, utimesSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { StudyError } from '../../engine/errors.ts'
import { diskProblem, isErrno } from './journal.ts'
import { writeNew } from './write-new.ts'

export const LOCK_FILE = 'lock'
const TOUCH_EVERY_MS = 5000
/** Six missed touches: an owner that is merely slow is not robbed. */
const STALE_AFTER_MS = 30_000
const WRITING_MS = 2000

interface Owner {
  readonly pid: number
  readonly host: string
  /** Start time of the process in clock ticks since boot, where the system tells; else ''. */
  readonly began: string
  readonly nonce: string
}

/** Nonces of the locks that this process holds: its own number in an older lock means nothing. */
const held = new Set<string>()

function processBegan(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // The command name may hold spaces and brackets: fields are counted after its closing one.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? ''
  } catch {
    return ''
  }
}

function processLives(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return isErrno(error, 'EPERM')
  }
}

function readOwner(path: string): Owner | null {
  try {
    const value: unknown = JSON.parse(readFileSync(path, 'utf8'))
    if (typeof value !== 'object' || value === null) return null
    const { pid, host, began, nonce } = value as Partial<Owner>
    if (typeof pid !== 'number' || typeof host !== 'string' || typeof nonce !== 'string') return null
    return { pid, host, began: began ?? '', nonce }
  } catch {
    return null
  }
}

function ageMs(path: string): number {
  return Date.now() - (statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0)
}

function isAlive(path: string, owner: Owner): boolean {
  if (held.has(owner.nonce)) return true
  if (owner.host === hostname()) {
    if (owner.pid === process.pid || !processLives(owner.pid)) return false
    const began = processBegan(owner.pid)
    return owner.began === '' || began === '' || began === owner.began
  }
  return ageMs(path) < STALE_AFTER_MS
}

/** Whether some process (perhaps this one) holds the run's lock now. */
export function isLocked(runDir: string): boolean {
  const path = join(runDir, LOCK_FILE)
  const owner = readOwner(path)
  return owner !== null && isAlive(path, owner)
}

export interface RunLock {
  release(): void
}

/** Takes a run's lock, clearing a stale one. @throws StudyError if another process holds it, or the folder cannot be written. */
export function lockRun(runDir: string): RunLock {
  const path = join(runDir, LOCK_FILE)
  const nonce = randomBytes(8).toString('hex')
  const owner: Owner = { pid: process.pid, host: hostname(), began: processBegan(process.pid), nonce }
  try {
    writeNew(path, JSON.stringify(owner), { flush: false })
  } catch (error) {
    if (!isErrno(error, 'EEXIST')) throw diskProblem(runDir, error)
    const before = readOwner(path)
    // A lock without content is one that its owner is writing this moment, or that a power cut left.
    // Either way: one from before the clock was put back is not being written for an hour.
    if (before === null && Math.abs(ageMs(path)) < WRITING_MS)
      throw new StudyError(`run ${runDir}: another process has just taken it`)
    if (before !== null && isAlive(path, before)) {
      throw new StudyError(
        `run ${runDir}: another process writes it (process ${before.pid} on ${before.host}); wait for it to end, or end it`,
      )
    }
    // Renaming is atomic: of two processes that find the same stale lock, only one gets it out of the way.
    const aside = `${path}.${nonce}`
    try {
      renameSync(path, aside)
      const moved = readOwner(aside)
      if (moved !== null && moved.nonce !== before?.nonce && isAlive(aside, moved)) {
        renameSync(aside, path)
        throw new StudyError(`run ${runDir}: another process has just taken it (process ${moved.pid} on ${moved.host})`)
      }
      rmSync(aside, { force: true })
    } catch (raceOrDisk) {
      if (!isErrno(raceOrDisk, 'ENOENT')) throw raceOrDisk
    }
    try {
      writeNew(path, JSON.stringify(owner), { flush: false })
    } catch (again) {
      if (isErrno(again, 'EEXIST')) throw new StudyError(`run ${runDir}: another process has just taken it`)
      throw diskProblem(runDir, again)
    }
  }
  held.add(nonce)
  const touching = setInterval(() => {
    try {
      utimesSync(path, new Date(), new Date())
    } catch {
      // The folder is gone, or the disk is; the journal will say so.
    }
  }, TOUCH_EVERY_MS)
  touching.unref()
  return {
    release: () => {
      clearInterval(touching)
      if (held.delete(nonce) && readOwner(path)?.nonce === nonce) rmSync(path, { force: true })
    },
  }
}
