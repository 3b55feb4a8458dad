/** The stretch of a long prompt that a view shows. */
import { StudyError } from '../../../engine/errors.ts'
import type { Tokenizer } from '../../../engine/tokenizer-types.ts'
import type { TokenWindow } from './types.ts'

/**
 * At most `most` tokens of a prompt.
 * @param position the compared position: the last of the window unless `from` says otherwise
 * @throws StudyError for a window that begins outside the prompt
 */
export function tokenWindow(
  tokenizer: Tokenizer,
  ids: readonly number[],
  position: number,
  most: number,
  from?: number,
): TokenWindow {
  if (from !== undefined && !(Number.isInteger(from) && from >= 0 && from < ids.length))
    throw new StudyError(`from: expected a position from 0 to ${ids.length - 1}, got ${from}`)
  const last = Math.max(0, ids.length - most)
  const begin = Math.min(last, from ?? Math.max(0, position + 1 - most))
  const labels = ids.slice(begin, begin + most).map(id => tokenizer.label(id))
  return { from: begin, labels, of: ids.length }
}

/** Tokens of the strips that a reader looks along: a page takes them without a stutter. */
export const MAX_STRIP_TOKENS = 2048

/** Absolute positions of a window. */
export function windowPositions({ from, labels }: TokenWindow): number[] {
  return labels.map((_, i) => from + i)
}
