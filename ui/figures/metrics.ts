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

/** Lines of whole words, as wide as may be. */
export function wrap(words: string, widthEm: number, measure: Measure): readonly string[] {
  const lines: string[] = []
  for (const word of words.split(/\s+/).filter(part => part !== '')) {
    const longer = `${lines.at(-1) ?? ''} ${word}`.trim()
    if (lines.length > 0 && measure(longer) <= widthEm) lines[lines.length - 1] = longer
    else lines.push(word)
  }
  return lines
}

export function widest(texts: readonly string[], measure: Measure): number {
  return texts.reduce((width, text) => Math.max(width, measure(text)), 0)
}
