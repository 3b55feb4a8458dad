/** The marks on cells: which are drawn, and in which ink. */
import type { FigureView } from '../../client/run-view.ts'
import { colourAt, NO_VALUE, takesDarkInk } from '../../figures/colours.ts'
import { cellAt, type Place, type Shown } from '../../figures/shown.ts'
import type { Colouring } from './paint.ts'

/** More are impossible to tell apart, and slow to draw. */
export const MAX_DRAWN_MARKS = 2000
/** A mark on a smaller cell would cover its neighbours. */
export const LEAST_MARKED_PX = 4

/** What studies mark a cell with when its top token changed. */
export const CROSS = '×'

export interface DrawnMark extends Place {
  readonly symbol: string
  readonly dark: boolean
}

/** Null where the marked cells are too many, or too small, to make out. */
export function drawnMarks(
  shown: Shown,
  { spec, values, marks }: Pick<FigureView, 'spec' | 'values' | 'marks'>,
  { scale, range }: Colouring,
  size: { readonly innerWidth: number; readonly innerHeight: number },
): readonly DrawnMark[] | null {
  if (spec.marks.length === 0) return []
  const [low, high] = range
  const tooSmall =
    Math.min(size.innerWidth / shown.columns.length, size.innerHeight / shown.rows.length) < LEAST_MARKED_PX
  const found: DrawnMark[] = []
  for (let row = 0; row < shown.rows.length; row++) {
    for (let column = 0; column < shown.columns.length; column++) {
      const cell = cellAt(shown, column, row)
      const mark = marks[cell] ?? 0
      if (mark === 0) continue
      if (tooSmall || found.length === MAX_DRAWN_MARKS) return null
      const share = ((values[cell] ?? Number.NaN) - low) / (high - low)
      found.push({
        column,
        row,
        symbol: spec.marks[mark - 1]?.symbol ?? CROSS,
        dark: takesDarkInk(Number.isNaN(share) ? NO_VALUE : colourAt(scale, share)),
      })
    }
  }
  return found
}
