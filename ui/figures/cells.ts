/**
 * A heatmap's cells as runs of neighbours of one colour, in units of cells: whoever draws them scales
 * them, so that 8,192 cells fit well under 200 KB.
 */
import { type ColourRange, colourAt, NO_VALUE, type Scale } from './colours.ts'
import type { ColourRuns } from './scene.ts'

/** Odd, so that a diverging scale has a colour of its own for 0; finer than an eye or a printer tells. */
export const LEVELS = 101

/** @param values row-major [rows · columns]; values outside the range take its ends, NaN the colour of no value */
export function cellRuns(
  values: ArrayLike<number>,
  columns: number,
  rows: number,
  scale: Scale,
  range: ColourRange,
): readonly ColourRuns[] {
  // By level: 131,072 cells are a common size, and keys that are colours would be most of the work.
  const parts = Array.from({ length: LEVELS + 1 }, (): number[] => [])
  for (let y = 0; y < rows; y++) {
    const row = y * columns
    let x = 0
    while (x < columns) {
      const level = levelOf(values[row + x] ?? Number.NaN, range)
      let end = x + 1
      while (end < columns && levelOf(values[row + end] ?? Number.NaN, range) === level) end++
      parts[level]?.push(x, y, end - x)
      x = end
    }
  }
  return parts.flatMap((runs, level) =>
    runs.length === 0 ? [] : [{ colour: levelColours(scale)[level] ?? NO_VALUE, runs }],
  )
}

/** The colour of one value, quantised to `LEVELS` steps. */
export function cellColour(value: number, scale: Scale, range: ColourRange): string {
  return levelColours(scale)[levelOf(value, range)] ?? NO_VALUE
}

/** From 0 to `LEVELS` − 1; `LEVELS` itself for "no value". */
function levelOf(value: number, [low, high]: ColourRange): number {
  if (Number.isNaN(value)) return LEVELS
  return Math.round(Math.min(1, Math.max(0, (value - low) / (high - low))) * (LEVELS - 1))
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
