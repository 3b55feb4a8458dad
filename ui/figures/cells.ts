/**
 * A heatmap's cells as vector paths: one path a colour, a rectangle for each run of neighbours in a
 * row, in units of cells (the caller scales), so that 8,192 cells fit well under 200 KB.
 */
import { type ColourRange, colourAt, NO_VALUE, type Scale } from './colours.ts'

/** Odd, so that a diverging scale has a colour of its own for 0; finer than an eye or a printer tells. */
export const LEVELS = 101

export interface CellPath {
  readonly colour: string
  /** SVG path data; a cell is 1 × 1, column x and row y start at (x, y). */
  readonly d: string
}

/** @param values row-major [rows · columns]; values outside the range take its ends, NaN the colour of no value */
export function cellPaths(
  values: ArrayLike<number>,
  columns: number,
  rows: number,
  scale: Scale,
  range: ColourRange,
): readonly CellPath[] {
  const paths = new Map<string, string>()
  for (let y = 0; y < rows; y++) {
    let x = 0
    while (x < columns) {
      const colour = cellColour(values[y * columns + x] ?? Number.NaN, scale, range)
      let end = x + 1
      while (end < columns && cellColour(values[y * columns + end] ?? Number.NaN, scale, range) === colour) end++
      paths.set(colour, `${paths.get(colour) ?? ''}M${x} ${y}h${end - x}v1h${x - end}z`)
      x = end
    }
  }
  return [...paths].sort(([a], [b]) => (a < b ? -1 : 1)).map(([colour, d]) => ({ colour, d }))
}

/** The colour of one value, quantised to `LEVELS` steps. */
export function cellColour(value: number, scale: Scale, range: ColourRange): string {
  if (Number.isNaN(value)) return NO_VALUE
  const [low, high] = range
  const t = Math.min(1, Math.max(0, (value - low) / (high - low)))
  return levelColours(scale)[Math.round(t * (LEVELS - 1))] ?? NO_VALUE
}

/** All colours of a scale, from its low end to its high end. */
export function levelColours(scale: Scale): readonly string[] {
  return COLOURS[scale]
}

const COLOURS: Readonly<Record<Scale, readonly string[]>> = {
  diverging: levels('diverging'),
  sequential: levels('sequential'),
}

function levels(scale: Scale): readonly string[] {
  return Array.from({ length: LEVELS }, (_, i) => colourAt(scale, i / (LEVELS - 1)))
}
