/**
 * Splitting text by a pattern as the reference does (`SplitDelimiterBehavior` of Hugging Face's Rust
 * tokenizers): the text falls into matches and what lies between them, and a behaviour says which
 * pieces are dropped or joined.
 */

export const BEHAVIORS = ['Removed', 'Isolated', 'MergedWithPrevious', 'MergedWithNext', 'Contiguous'] as const
export type Behavior = (typeof BEHAVIORS)[number]

interface Piece {
  text: string
  readonly isMatch: boolean
}

function pieces(text: string, pattern: RegExp, invert: boolean): Piece[] {
  const found: Piece[] = []
  let end = 0
  for (const match of text.matchAll(pattern)) {
    if (match.index > end) found.push({ text: text.slice(end, match.index), isMatch: invert })
    found.push({ text: match[0], isMatch: !invert })
    end = match.index + match[0].length
  }
  if (end < text.length) found.push({ text: text.slice(end), isMatch: invert })
  return found.filter(piece => piece.text !== '')
}

/** Joins a piece to the one before it where `joins` says so. */
function join(list: readonly Piece[], joins: (piece: Piece, before: Piece) => boolean): string[] {
  const result: string[] = []
  let before: Piece | null = null
  for (const piece of list) {
    const last = result.length - 1
    if (before !== null && joins(piece, before)) result[last] = `${result[last]}${piece.text}`
    else result.push(piece.text)
    before = piece
  }
  return result
}

/** Splits `text`; the pattern needs the `g` flag. With `invert`, what lies between matches counts as the match. */
export function splitText(text: string, pattern: RegExp, behavior: Behavior, invert: boolean): string[] {
  const list = pieces(text, pattern, invert)
  switch (behavior) {
    case 'Removed':
      return list.filter(piece => !piece.isMatch).map(piece => piece.text)
    case 'Isolated':
      return list.map(piece => piece.text)
    case 'MergedWithPrevious':
      return join(list, (piece, before) => piece.isMatch && !before.isMatch)
    case 'MergedWithNext':
      return join(list, (piece, before) => before.isMatch && !piece.isMatch)
    case 'Contiguous':
      return join(list, (piece, before) => piece.isMatch === before.isMatch)
  }
}
