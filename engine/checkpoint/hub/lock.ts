/**
 * One pull of a model at a time, over processes: a file that its owner touches while it works. It only
 * saves work: blobs are written at fixed places, are never cut short, and get their names when they are
 * whole and verified, so that two pulls that miss each other's lock do no harm.
 */
import { mkdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { errorCode } from '../json-file.ts'

const LOOK_EVERY_MS = 200
const TOUCH_EVERY_MS = 2000
/** Ten missed touches. */
const STALE_AFTER_MS = 20_000

function lockPath(folder: string): string {
  return join(dirname(folder), '.locks', basename(folder), 'patchlight.lock')
}

function lives(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return errorCode(error) === 'EPERM'
  }
}

/** Whether the lock's owner is gone: its process on this machine, or its touch on any. */
async function isStale(path: string): Promise<boolean> {
  try {
    const { mtimeMs } = await stat(path)
    if (Date.now() - mtimeMs > STALE_AFTER_MS) return true
    const [host, pid] = (await readFile(path, 'utf8')).split('\n')
    return host === hostname() && Number(pid) > 0 && !lives(Number(pid))
  } catch {
    return false
  }
}

/**
 * Waits for the lock of a model's folder, and works under it.
 * @param onWait called once if another process has it
 */
export async function withLock<T>(
  folder: string,
  signal: AbortSignal | null,
  onWait: () => void,
  work: () => Promise<T>,
): Promise<T> {
  const path = lockPath(folder)
  await mkdir(dirname(path), { recursive: true })
  for (let waited = false; ; waited = true) {
    try {
      await writeFile(path, `${hostname()}\n${process.pid}\n`, { flag: 'wx' })
      break
    } catch (error) {
      if (errorCode(error) !== 'EEXIST') throw error
    }
    if (await isStale(path)) {
      await rm(path, { force: true })
      continue
    }
    if (!waited) onWait()
    await sleep(LOOK_EVERY_MS, undefined, signal === null ? {} : { signal })
  }
  const touching = setInterval(() => {
    const now = new Date()
    utimes(path, now, now).catch(() => {})
  }, TOUCH_EVERY_MS)
  touching.unref()
  try {
    return await work()
  } finally {
    clearInterval(touching)
    await rm(path, { force: true })
  }
}
