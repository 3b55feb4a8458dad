/** Where two prompts' tokens differ: what a patching study compares, and what must line up. */
import type { TokenView } from '../../../../studies/runs/workbench-types.ts'

export interface TokenDiff {
  readonly first: ReadonlySet<number>
  readonly second: ReadonlySet<number>
  /** Why the two do not line up, as a sentence; null when they do. */
  readonly warning: string | null
}

/**
 * Position by position where there are equally many tokens, since that is how they are patched; else
 * what is left of each after their longest common subsequence.
 */
export function diffTokens(first: TokenView, second: TokenView): TokenDiff {
  const a = first.ids
  const b = second.ids
  if (a.length === b.length) {
    const differing = new Set(a.flatMap((id, position) => (id === b[position] ? [] : [position])))
    return { first: differing, second: differing, warning: null }
  }
  const left = leftover(a, b)
  const quoted = (view: TokenView, positions: ReadonlySet<number>) => {
    const some = [...positions].slice(0, MAX_QUOTED).map(position => `“${view.labels[position] ?? ''}”`)
    const more = positions.size - some.length
    return some.length === 0 ? 'nothing' : `${some.join(' ')}${more > 0 ? ` and ${more} more` : ''}`
  }
  return {
    ...left,
    warning:
      `${a.length} tokens against ${b.length}: they must be equally many. ` +
      `Only here: ${quoted(first, left.first)}; only in the other: ${quoted(second, left.second)}.`,
  }
}

/** Enough to see where they part; all of them are marked in the prompts. */
const MAX_QUOTED = 8

/** Prompts of a study are short; beyond this many comparisons the middle part is taken as a whole. */
const MAX_COMPARISONS = 1_000_000

function leftover(a: readonly number[], b: readonly number[]): Omit<TokenDiff, 'warning'> {
  const shorter = Math.min(a.length, b.length)
  let begin = 0
  while (begin < shorter && a[begin] === b[begin]) begin += 1
  let end = 0
  while (end < shorter - begin && a[a.length - 1 - end] === b[b.length - 1 - end]) end += 1
  const rows = a.length - begin - end
  const columns = b.length - begin - end
  const first = new Set(Array.from({ length: rows }, (_, at) => begin + at))
  const second = new Set(Array.from({ length: columns }, (_, at) => begin + at))
  if (rows * columns > MAX_COMPARISONS) return { first, second }

  // longest[i][j]: length of the longest common subsequence of what follows i in a and j in b.
  const longest = Array.from({ length: rows + 1 }, () => new Uint32Array(columns + 1))
  const at = (i: number, j: number) => longest[i]?.[j] ?? 0
  for (let i = rows - 1; i >= 0; i--) {
    const row = longest[i] ?? new Uint32Array(0)
    for (let j = columns - 1; j >= 0; j--) {
      row[j] = a[begin + i] === b[begin + j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1))
    }
  }
  let i = 0
  let j = 0
  while (i < rows && j < columns) {
    if (a[begin + i] === b[begin + j]) {
      first.delete(begin + i++)
      second.delete(begin + j++)
    } else if (at(i + 1, j) >= at(i, j + 1)) i += 1
    else j += 1
  }
  return { first, second }
}
