/**
 * Where everything of a heatmap stands, in points (1/72 in), from the figure's exact width. Cells are
 * square where that gives a readable height; rows are at least tall enough for marks where there are
 * few, and the grid never grows much taller than it is wide.
 */
import type { FigureSpec } from '../../studies/figure.ts'
import type { ColourRange } from './colours.ts'
import { textWidthEm, tickLabel } from './text.ts'
import { labelStep, roundTicks, tickNumber } from './ticks.ts'

export interface TickLabel {
  /** Centre of the cell along its axis. */
  readonly at: number
  readonly text: string
}

export interface Layout {
  readonly width: number
  readonly height: number
  readonly font: number
  readonly grid: { readonly left: number; readonly top: number; readonly width: number; readonly height: number }
  readonly cell: { readonly width: number; readonly height: number }
  readonly x: { readonly ticks: readonly TickLabel[]; readonly upright: boolean; readonly labelAt: number }
  readonly y: { readonly ticks: readonly TickLabel[]; readonly labelAt: number }
  readonly bar: {
    readonly left: number
    readonly width: number
    readonly ticks: readonly TickLabel[]
    readonly labelAt: number
  }
  readonly titleAt: number | null
  /** Baseline of the first line below the axes. */
  readonly footAt: number
}

export interface LayoutOptions {
  readonly widthIn: number
  readonly fontPt: number
  readonly title: boolean
  /** Lines of text below the axes. */
  readonly footLines: number
  readonly range: ColourRange
  readonly barLabel: string
}

export const TICK = 2.5
export const GAP = 2.5
export const LINE = 1.25

const POINTS_PER_INCH = 72
const MAX_CELL_HEIGHT = 22
const MIN_CELL_HEIGHT = 12
const MAX_GRID_ASPECT = 1.15
const BAR_WIDTH = 7

export function layOut(spec: FigureSpec, options: LayoutOptions): Layout {
  const { widthIn, fontPt: font, range } = options
  const width = widthIn * POINTS_PER_INCH
  const columns = Math.max(1, spec.x.ticks.length)
  const rows = Math.max(1, spec.y.ticks.length)
  const em = (text: string) => textWidthEm(text) * font
  const xLabels = spec.x.ticks.map(tickLabel)
  const yLabels = spec.y.ticks.map(tickLabel)
  const barValues = roundTicks(range)
  const barTexts = barValues.map(value => tickNumber(value, barValues))

  const yLabelSpace = font * LINE + GAP
  const left = yLabelSpace + Math.max(0, ...yLabels.map(em)) + GAP + TICK
  const barSpace = BAR_WIDTH + TICK + GAP + Math.max(0, ...barTexts.map(em)) + GAP + font * LINE
  const gridWidth = Math.max(width * 0.3, width - left - 2.5 * font - barSpace)
  const cellWidth = gridWidth / columns
  const cellHeight = rowHeight(cellWidth, rows, gridWidth)
  const gridHeight = cellHeight * rows

  const widest = Math.max(0, ...xLabels.map(em))
  // Numbers thin out and stay level; words that do not fit side by side stand upright.
  const numbered = spec.x.ticks.every(tick => /^\d+$/.test(tick))
  const upright = !numbered && widest + font * 0.4 > cellWidth
  const xStep = labelStep(cellWidth, upright ? font * 1.05 : widest + font * 0.4)
  const yStep = labelStep(cellHeight, font * 1.05)

  const top = (options.title ? font * 1.1 * LINE + 2 * GAP : 0) + font * 0.6
  const xTickSpace = TICK + GAP + (upright ? widest : font)
  const xLabelAt = top + gridHeight + xTickSpace + GAP + font
  const footAt = xLabelAt + font * LINE + GAP
  const barLeft = left + gridWidth + font
  return {
    width,
    height: footAt + (options.footLines - 1) * font * LINE + (options.footLines > 0 ? GAP : 0),
    font,
    grid: { left, top, width: gridWidth, height: gridHeight },
    cell: { width: cellWidth, height: cellHeight },
    x: { ticks: labelled(xLabels, xStep, left, cellWidth), upright, labelAt: xLabelAt },
    y: { ticks: labelled(yLabels, yStep, top, cellHeight), labelAt: font * 0.9 },
    bar: {
      left: barLeft,
      width: BAR_WIDTH,
      ticks: barValues.map((value, i) => ({
        at: top + gridHeight * (1 - (value - range[0]) / (range[1] - range[0])),
        text: barTexts[i] ?? '',
      })),
      labelAt: width - font * 0.35,
    },
    titleAt: options.title ? font * 1.1 + GAP : null,
    footAt,
  }
}

function rowHeight(cellWidth: number, rows: number, gridWidth: number): number {
  const least = Math.min(MIN_CELL_HEIGHT, 100 / rows)
  return Math.min(Math.max(cellWidth, least), MAX_CELL_HEIGHT, Math.max(least, (gridWidth * MAX_GRID_ASPECT) / rows))
}

function labelled(labels: readonly string[], step: number, start: number, size: number): readonly TickLabel[] {
  return labels.flatMap((text, i) => (i % step === 0 ? [{ at: start + (i + 0.5) * size, text }] : []))
}
