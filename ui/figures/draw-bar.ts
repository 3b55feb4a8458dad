/** The colour bar's shapes: the scale's own colours in steps, ticks, and the metric with its unit. */
import type { BarLayout } from './bar-layout.ts'
import { LEVELS, levelColours } from './cells.ts'
import { GAP, LINE, TICK } from './metrics.ts'
import type { Picture } from './picture.ts'
import { FRAME, type Shape, text, turned } from './scene.ts'

export function drawBar({ scale }: Picture, bar: BarLayout, font: number): readonly Shape[] {
  const { below, left, top, width, height } = bar
  const size = { left, top, width, height }
  const far = below ? top + height : left + width
  const colours = levelColours(scale)
  // Each colour covers all beyond it, which the next ones paint over: no seams.
  const steps = colours.map((fill, i): Shape => {
    const rest = 1 - i / LEVELS
    return below
      ? { kind: 'rect', left: left + width * (1 - rest), top, width: width * rest, height, fill }
      : { kind: 'rect', left, top, width, height: height * rest, fill }
  })
  return [
    ...steps,
    { kind: 'rect', ...size, stroke: FRAME, strokeWidth: 0.6 },
    {
      kind: 'lines',
      colour: FRAME,
      width: 0.6,
      segments: bar.ticks.map(({ at }) =>
        below ? [left + at, far, left + at, far + TICK] : [far, top + height - at, far + TICK, top + height - at],
      ),
    },
    ...bar.ticks.map(({ at, text: words }) =>
      below
        ? text(words, left + at, far + TICK + GAP + font * 0.7, font, 'middle')
        : text(words, far + TICK + GAP, top + height - at + font * 0.35, font),
    ),
    ...bar.label.map((line, i) =>
      below
        ? text(line, bar.labelX, bar.labelY + i * font * LINE, font, 'middle')
        : turned(line, bar.labelX, bar.labelY, font, 'middle'),
    ),
  ]
}

/** Several pictures may stand in one document, so ids carry the figure's own. */
export function elementId(figure: string): string {
  return figure.replace(/[^\w-]/g, '_')
}
