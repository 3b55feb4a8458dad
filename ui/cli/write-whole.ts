/** Writes a file whole or not at all: what was there before stays until the new one is complete. */
import { mkdirSync, renameSync, unlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { StudyError } from '../../engine/errors.ts'
import { diskProblem } from '../../studies/runs/journal.ts'

/**
 * @returns the file's path
 * @throws StudyError if the folder cannot be written, or the disk is full
 */
export function writeWhole(folder: string, name: string, content: Uint8Array): string {
  const path = join(folder, name)
  const part = `${path}.part`
  try {
    mkdirSync(folder, { recursive: true })
    writeFileSync(part, content, { flush: true })
    renameSync(part, path)
  } catch (error) {
    removeIfThere(part)
    // The advice of run folders, for files that are placed by --out.
    throw new StudyError(diskProblem(path, error).message.replace('--runs DIR', '--out PATH'))
  }
  return path
}

/** The first error is the one to tell: this one would say that there is nothing to remove. */
function removeIfThere(path: string): void {
  try {
    unlinkSync(path)
  } catch {}
}
