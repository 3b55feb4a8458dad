/** The lines below the axes: what marks mean, what grey means, and the caption. Only what occurs is explained. */
import { draftCaption } from './caption.ts'
import { NO_VALUE } from './colours.ts'
import { type Measure, wrap } from './metrics.ts'
import type { Picture } from './picture.ts'
import { type Shape, text } from './scene.ts'

type FootLine =
  | { readonly kind: 'mark'; readonly symbol: string; readonly text: string }
  | { readonly kind: 'swatch'; readonly text: string }
  | { readonly kind: 'caption'; readonly text: string }

/** No number of the colour bar is theirs. */
export const INFINITE = { symbol: '∞', text: 'infinite, in the colour of the scale’s end' } as const

/** @param captionEm width to wrap the caption at, in units of the font's size; null leaves it out */
export function footLines(
  { panels }: Pick<Picture, 'panels'>,
  captionEm: number | null,
  measure: Measure,
): readonly FootLine[] {
  const meanings = new Map<string, string>()
  for (const { spec, marks } of panels) {
    const used = new Set(marks)
    spec.marks.forEach(({ symbol, meaning }, i) => {
      if (used.has(i + 1)) meanings.set(symbol, meaning)
    })
  }
  const lines: FootLine[] = [...meanings].map(([symbol, words]) => ({ kind: 'mark', symbol, text: words }))
  if (hasInfinite({ panels })) lines.push({ kind: 'mark', ...INFINITE })
  if (panels.some(({ values }) => values.some(Number.isNaN))) lines.push({ kind: 'swatch', text: 'no value' })
  if (captionEm !== null) {
    const words = draftCaption(panels.map(({ spec }) => spec))
    lines.push(...wrap(words, captionEm, measure).map((line): FootLine => ({ kind: 'caption', text: line })))
  }
  return lines
}

export function hasInfinite({ panels }: Pick<Picture, 'panels'>): boolean {
  return panels.some(({ values }) => values.some(value => Math.abs(value) === Number.POSITIVE_INFINITY))
}

export function drawFoot(line: FootLine, left: number, y: number, font: number): readonly Shape[] {
  if (line.kind === 'caption') return [text(line.text, left, y, font)]
  const words = text(line.text, left + font * 1.3, y, font)
  if (line.kind === 'mark') return [text(line.symbol, left + font * 0.4, y, font, 'middle'), words]
  const size = font * 0.8
  return [{ kind: 'rect', left, top: y - font * 0.75, width: size, height: size, fill: NO_VALUE }, words]
}
