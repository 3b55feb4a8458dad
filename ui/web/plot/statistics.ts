/**
 * What the page must know of all cells of a figure, in one walk for each state of it: how many have
 * arrived, and their ends for the colour scale. Kept by identity, so that the figures that did not
 * change (and every redraw that is not about cells) cost nothing.
 */
import type { FigureView } from '../../client/run-view.ts'
import { type ColourRange, colourRange, type Scale } from '../../figures/colours.ts'

export interface FigureStatistics {
  /** Cells that have arrived. One that is known to have no value is NaN too and does not count. */
  readonly filled: number
  readonly marked: number
  /** The smallest and the largest finite value; Infinity and −Infinity where there is none. */
  readonly low: number
  readonly high: number
}

const known = new WeakMap<FigureView, FigureStatistics>()

export function statisticsOf(panel: FigureView): FigureStatistics {
  const found = known.get(panel)
  if (found !== undefined) return found
  const computed = compute(panel)
  known.set(panel, computed)
  return computed
}

/** One colour range for panels that are looked at together, as `colourRange` has it of all their values. */
export function rangeOf(panels: readonly FigureView[], scale: Scale): ColourRange {
  return colourRange(
    scale,
    panels.flatMap(panel => {
      const { low, high } = statisticsOf(panel)
      return [low, high]
    }),
  )
}

function compute({ values, marks }: FigureView): FigureStatistics {
  let filled = 0
  let low = Number.POSITIVE_INFINITY
  let high = Number.NEGATIVE_INFINITY
  for (let cell = 0; cell < values.length; cell++) {
    const value = values[cell] ?? Number.NaN
    if (Number.isNaN(value)) continue
    filled += 1
    if (value < low && value !== Number.NEGATIVE_INFINITY) low = value
    if (value > high && value !== Number.POSITIVE_INFINITY) high = value
  }
  let marked = 0
  for (let cell = 0; cell < marks.length; cell++) if (marks[cell] !== 0) marked += 1
  return { filled, marked, low, high }
}
