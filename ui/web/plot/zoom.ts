/** Zooming and moving over what is shown of a figure: each gives the ranges of ticks that are shown next. */
import type { Place, Selection, Shown, TickRange } from '../../figures/shown.ts'

/** A zoom to the cells between two places of what is shown, in whatever order they come. */
export function zoomTo(shown: Shown, from: Place, to: Place): Selection['zoom'] {
  const across = spanOf(shown.columns, from.column, to.column)
  const down = spanOf(shown.rows, from.row, to.row)
  return shown.across === 'x' ? { x: across, y: down } : { x: down, y: across }
}

/**
 * A zoom by `factor` (above 1: nearer) that keeps `at` where it is on the screen; null for "all" once
 * everything is shown again.
 *
 * @param whole what is shown without a zoom
 */
export function zoomBy(shown: Shown, whole: Shown, at: Place, factor: number): Selection['zoom'] {
  const across = scaled(shown.columns, whole.columns, at.column, factor)
  const down = scaled(shown.rows, whole.rows, at.row, factor)
  return shown.across === 'x' ? { x: across, y: down } : { x: down, y: across }
}

/** The zoom moved by columns and rows, as far as there are any. */
export function panBy(shown: Shown, whole: Shown, columns: number, rows: number): Selection['zoom'] {
  const across = moved(shown.columns, whole.columns, columns)
  const down = moved(shown.rows, whole.rows, rows)
  return shown.across === 'x' ? { x: across, y: down } : { x: down, y: across }
}

function spanOf(ticks: readonly number[], a: number, b: number): TickRange | null {
  const first = ticks[Math.max(0, Math.min(a, b))]
  const last = ticks[Math.min(ticks.length - 1, Math.max(a, b))]
  return first === undefined || last === undefined ? null : { first, last }
}

/** Of all ticks, `1/factor` as many as are shown now, with `at` at the same share of the way. */
function scaled(shown: readonly number[], whole: readonly number[], at: number, factor: number): TickRange | null {
  const begin = whole.indexOf(shown[0] ?? 0)
  if (begin < 0) return null
  const near = shown.length / factor
  const wanted = Math.max(1, factor > 1 ? Math.min(Math.round(near), shown.length - 1) : Math.ceil(near))
  if (wanted >= whole.length) return null
  const share = shown.length < 2 ? 0.5 : at / (shown.length - 1)
  const first = Math.round(begin + at - share * (wanted - 1))
  return sliceOf(whole, first, wanted)
}

function moved(shown: readonly number[], whole: readonly number[], by: number): TickRange | null {
  const begin = whole.indexOf(shown[0] ?? 0)
  return begin < 0 || shown.length >= whole.length ? null : sliceOf(whole, begin + by, shown.length)
}

function sliceOf(whole: readonly number[], first: number, count: number): TickRange | null {
  const begin = Math.min(Math.max(0, first), whole.length - count)
  return spanOf(whole, begin, begin + count - 1)
}
