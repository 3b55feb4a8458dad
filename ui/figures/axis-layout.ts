/** Which ticks of an axis are labelled, how large, and how much room the axis takes. */
import type { Axis } from '../../studies/figure.ts'
import { GAP, LEADING, type Measure, MIN_TOKEN_PT, TICK, widest } from './metrics.ts'
import { fittingLabel } from './text.ts'
import { labelStep } from './ticks.ts'

interface TickLabel {
  /** Centre of the cell, in points from the axis's start. */
  readonly at: number
  readonly text: string
}

export interface AxisLayout {
  readonly ticks: readonly TickLabel[]
  /** Size of the tick labels, in points. */
  readonly font: number
  /** Whether labels read upwards. */
  readonly upright: boolean
  /** From the grid's edge to the axis label's baseline. */
  readonly labelAt: number
  /** From the grid's edge to the end of all of it. */
  readonly space: number
}

/** The axis below a grid, its labels at most `longest` points long. Numbers thin out and stay level; words that do not fit side by side stand upright. */
export function columnAxis(axis: Axis, width: number, longest: number, font: number, measure: Measure): AxisLayout {
  const labels = axis.ticks.map(tick => fittingLabel(tick, longest / font, measure))
  const cell = width / Math.max(1, labels.length)
  const level = widest(labels, measure) * font + font * 0.4
  const upright = !isNumbered(axis.ticks) && level > cell
  const size = upright ? tokenFont(font, cell) : font
  // Once labels are left out, those that remain need not stand shoulder to shoulder.
  const crowded = upright && labelStep(cell, size * LEADING) > 1
  const ticks = labelled(labels, labelStep(cell, upright ? size * LEADING * (crowded ? 2 : 1) : level), cell)
  const depth = upright
    ? widest(
        ticks.map(tick => tick.text),
        measure,
      ) * size
    : font * 0.9
  const labelAt = TICK + GAP + depth + GAP + font * 0.8
  return { ticks, font: size, upright, labelAt, space: labelAt + font * 0.35 }
}

/** The axis left of a grid, its labels at most `longest` points long. */
export function rowAxis(axis: Axis, height: number, longest: number, font: number, measure: Measure): AxisLayout {
  const labels = axis.ticks.map(tick => fittingLabel(tick, longest / font, measure))
  const cell = height / Math.max(1, labels.length)
  const size = isNumbered(axis.ticks) ? font : tokenFont(font, cell)
  const ticks = labelled(labels, labelStep(cell, size * LEADING), cell)
  const labelAt = TICK + GAP + widest(labels, measure) * size + 1.6 * GAP
  return { ticks, font: size, upright: false, labelAt, space: labelAt + font * 0.9 }
}

function tokenFont(font: number, cellSize: number): number {
  return Math.min(font, Math.max(MIN_TOKEN_PT, cellSize / LEADING))
}

export function isNumbered(ticks: readonly string[]): boolean {
  // `12`, `+12` and `N12` all count.
  return ticks.every(tick => /^[+N]?\d+$/.test(tick))
}

function labelled(labels: readonly string[], step: number, size: number): readonly TickLabel[] {
  return labels.flatMap((text, i) => (i % step === 0 ? [{ at: (i + 0.5) * size, text }] : []))
}
