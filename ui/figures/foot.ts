/** The lines below the axes: what marks mean, what grey means, and the caption. Only what occurs is explained. */
import { draftCaption } from './caption.ts'
import { NO_VALUE } from './colours.ts'
import { type Measure, wrap } from './metrics.ts'
import type { Picture } from './picture.ts'
import { type Shape, text } from './scene.ts'

type FootLine =
  | { readonly kind: 'mark'; readonly symbol: string; readonly text: string }
  | { readonly kind: 'swatch'; readonly text: string }
  | { readonly kind: 'words'; readonly text: string }

/** No number of the colour bar is theirs. */
export const BEYOND = 'Values beyond the scale have the colours of its ends.'

/** @param widthEm what sentences are wrapped at, in units of the font's size */
export function footLines(
  picture: Pick<Picture, 'panels' | 'range'>,
  widthEm: number,
  caption: boolean,
  measure: Measure,
): readonly FootLine[] {
  const { panels } = picture
  const meanings = new Map<string, string>()
  for (const { spec, marks } of panels) {
    const used = new Set(marks)
    spec.marks.forEach(({ symbol, meaning }, i) => {
      if (used.has(i + 1)) meanings.set(symbol, meaning)
    })
  }
  const lines: FootLine[] = [...meanings].map(([symbol, words]) => ({ kind: 'mark', symbol, text: words }))
  if (goesBeyond(picture))
    lines.push(...wrap(BEYOND, widthEm, measure).map((line): FootLine => ({ kind: 'words', text: line })))
  if (panels.some(({ values }) => values.some(Number.isNaN))) lines.push({ kind: 'swatch', text: 'no value' })
  if (caption) {
    const words = draftCaption(panels.map(({ spec }) => spec))
    lines.push(...wrap(words, widthEm, measure).map((line): FootLine => ({ kind: 'words', text: line })))
  }
  return lines
}

export function goesBeyond({ panels, range: [low, high] }: Pick<Picture, 'panels' | 'range'>): boolean {
  return panels.some(({ values }) => values.some(value => value < low || value > high))
}

export function drawFoot(line: FootLine, left: number, y: number, font: number): readonly Shape[] {
  if (line.kind === 'words') return [text(line.text, left, y, font)]
  const words = text(line.text, left + font * 1.3, y, font)
  if (line.kind === 'mark') return [text(line.symbol, left + font * 0.4, y, font, 'middle'), words]
  const size = font * 0.8
  return [{ kind: 'rect', left, top: y - font * 0.75, width: size, height: size, fill: NO_VALUE }, words]
}
