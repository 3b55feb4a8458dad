/**
 * Study files whose top level does not come to its end. What awaits for ever is noticed in the engine's
 * process; what computes for ever only from outside, by ending that process. Either way the file is not
 * read again before it is saved again: every list of studies would take as long.
 */
import { statSync } from 'node:fs'
import { basename } from 'node:path'
import { StudyError } from '../engine/errors.ts'

/** Reading one takes a second or two; slices of a run may come in between. */
export const READING_LIMIT_MS = 30_000

/** When a file was last saved; 0 where there is none. */
export function savedAt(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0
}

export class EndlessStudies {
  readonly #known = new Map<string, { readonly savedMs: number; readonly limitMs: number }>()

  /** Keeps in mind that the file as it was saved then was not read to its end, and gives the error that says so. */
  add(path: string, savedMs: number, limitMs: number): StudyError {
    this.#known.set(path, { savedMs, limitMs })
    return endless(path, limitMs)
  }

  /** @throws StudyError for a file that was not read to its end before and is still the same */
  check(path: string): void {
    const known = this.#known.get(path)
    if (known !== undefined && known.savedMs === savedAt(path)) throw endless(path, known.limitMs)
  }
}

function endless(path: string, limitMs: number): StudyError {
  return new StudyError(
    `study ${basename(path)}: expected its top level to end within ${limitMs / 1000} s, it did not; look there for a loop or an await without an end, and save the file again`,
  )
}
