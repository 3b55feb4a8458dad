/** Where two prompts' tokens differ: what a patching study compares, and what must line up. */
import type { TokenView } from '../../../../studies/runs/workbench-types.ts'

export interface TokenDiff {
  readonly first: ReadonlySet<number>
  readonly second: ReadonlySet<number>
  /** Why the two do not line up, as a sentence; null when they do. */
  readonly warning: string | null
}

/**
 * Position by position where there are equally many tokens; else what remains between the longest
 * common beginning and the longest common end.
 */
export function diffTokens(first: TokenView, second: TokenView): TokenDiff {
  const a = first.ids
  const b = second.ids
  if (a.length === b.length) {
    const differing = new Set(a.flatMap((id, position) => (id === b[position] ? [] : [position])))
    return { first: differing, second: differing, warning: null }
  }
  const shorter = Math.min(a.length, b.length)
  let begin = 0
  while (begin < shorter && a[begin] === b[begin]) begin += 1
  let end = 0
  while (end < shorter - begin && a[a.length - 1 - end] === b[b.length - 1 - end]) end += 1
  const middle = (length: number) => Array.from({ length: length - end - begin }, (_, index) => begin + index)
  const firstMiddle = middle(a.length)
  const secondMiddle = middle(b.length)
  const quoted = (view: TokenView, positions: readonly number[]) =>
    positions.length === 0 ? 'nothing' : positions.map(position => `“${view.labels[position] ?? ''}”`).join(' ')
  return {
    first: new Set(firstMiddle),
    second: new Set(secondMiddle),
    warning:
      `${a.length} tokens against ${b.length}: they must be equally many. ` +
      `Where one has ${quoted(first, firstMiddle)}, the other has ${quoted(second, secondMiddle)}.`,
  }
}
