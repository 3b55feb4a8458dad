/** One run of a comparison, as the page, the server and the command line hold it. */
import type { FigureSpec, TableSpec } from '../../studies/figure.ts'
import type { RunRecord, RunSnapshot } from '../../studies/runs/events.ts'

export interface SideFigure {
  readonly spec: FigureSpec
  readonly values: ArrayLike<number> // [y · x]
  readonly marks: ArrayLike<number> // [y · x]
}

export interface Side {
  readonly record: RunRecord
  /** One line that tells it from other runs. */
  readonly title: string
  readonly figures: readonly SideFigure[]
  readonly tables: readonly TableSpec[]
  readonly summary: Readonly<Record<string, number | string>>
}

/** More panels than this cannot be told apart; the server's sockets watch no more either. */
export const MAX_SIDES = 6

export function sideOf(snapshot: RunSnapshot, title: string): Side {
  const { record, figures, tables, summary } = snapshot
  return { record, title, figures, tables, summary }
}

/** `A`, `B`, `C` … */
export function letterOf(run: number): string {
  return String.fromCharCode(65 + run)
}

/** `one, two and three`. */
export function spoken(words: readonly string[]): string {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`
}
