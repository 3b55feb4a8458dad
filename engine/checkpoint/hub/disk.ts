/** What goes wrong on the cache's disk, in one sentence, and whether a model fits there. */
import { statfs } from 'node:fs/promises'
import { dirname } from 'node:path'
import { byteText } from '../../byte-text.ts'
import { CheckpointError } from '../../errors.ts'
import { errorCode } from '../json-file.ts'

const FULL = new Set(['ENOSPC', 'EDQUOT', 'EFBIG'])

/** An error of the file system under the cache as one that says what to do; any other error as it is. */
export function diskError(error: unknown, what: string, cacheDir: string): unknown {
  if (!(error instanceof Error) || !('syscall' in error)) return error
  const code = errorCode(error)
  if (FULL.has(code)) {
    return new CheckpointError(
      `${what}: the disk of the cache ${cacheDir} is full (${code}): make room, or set HF_HUB_CACHE to a folder on ` +
        'another disk; what has arrived is kept, and the same command goes on from there',
    )
  }
  return new CheckpointError(
    `${what}: the cache ${cacheDir} cannot be written (${code}): set HF_HUB_CACHE to a folder where you may write`,
  )
}

/** Bytes that may still be written under a path that need not exist yet; null where the system does not say. */
async function freeBytes(path: string): Promise<number | null> {
  try {
    const { bavail, bsize } = await statfs(path)
    return bavail * bsize
  } catch {
    const parent = dirname(path)
    return parent === path ? null : freeBytes(parent)
  }
}

/** @throws CheckpointError if the cache's disk has not that much room: said before hours are spent on it. */
export async function expectRoom(bytes: number, what: string, cacheDir: string): Promise<void> {
  const free = await freeBytes(cacheDir)
  if (free === null || bytes <= free) return
  throw new CheckpointError(
    `${what}: expected ${byteText(bytes)} of room in the cache ${cacheDir}, got ${byteText(free)}: make room, or set ` +
      'HF_HUB_CACHE to a folder on another disk',
  )
}
