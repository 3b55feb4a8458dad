/** Distances that the parts of a picture share, in points or in units of the font's size. */

/** Width of a text in units of its size. */
export type Measure = (text: string) => number

export const TICK = 2.5
export const GAP = 2.5
/** Distance of lines of text, in units of their size. */
export const LINE = 1.25
/** Distance of neighbouring labels, in units of their size. */
export const LEADING = 1.05
/** Tokens shrink to this before any is left out. */
export const MIN_TOKEN_PT = 6

export function widest(texts: readonly string[], measure: Measure): number {
  return texts.reduce((width, text) => Math.max(width, measure(text)), 0)
}
