/**
 * Where everything of a heatmap stands, in points (1/72 in), from the figure's exact width. Cells are
 * square where that gives a readable height; rows are at least tall enough for marks where there are
 * few, and the grid never grows much taller than it is wide.
 */
import type { FigureSpec } from '../../studies/figure.ts'
import type { ColourRange } from './colours.ts'
import { textWidthEm, tickLabel } from './text.ts'
import { labelStep, roundTicks, tickNumber } from './ticks.ts'

interface TickLabel {
  /** Centre of the cell along its axis. */
  readonly at: number
  readonly text: string
}

interface AxisLayout {
  readonly ticks: readonly TickLabel[]
  /** Size of the tick labels, in points. */
  readonly font: number
  /** Baseline of the axis label. */
  readonly labelAt: number
}

export interface Layout {
  readonly width: number
  readonly height: number
  readonly font: number
  readonly grid: { readonly left: number; readonly top: number; readonly width: number; readonly height: number }
  readonly cell: { readonly width: number; readonly height: number }
  readonly x: AxisLayout & { readonly upright: boolean }
  readonly y: AxisLayout
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
}

export const TICK = 2.5
export const GAP = 2.5
export const LINE = 1.25

const POINTS_PER_INCH = 72
/** Distance of neighbouring labels, in units of their size. */
const LEADING = 1.05
const MAX_CELL_HEIGHT = 22
const MIN_CELL_HEIGHT = 12
const MAX_GRID_ASPECT = 1.15
const BAR_WIDTH = 7
/** Tokens shrink to this before any is left out. */
const MIN_TOKEN_PT = 6

export function layOut(spec: FigureSpec, options: LayoutOptions): Layout {
  const { widthIn, fontPt: font, range } = options
  const width = widthIn * POINTS_PER_INCH
  const columns = Math.max(1, spec.x.ticks.length)
  const rows = Math.max(1, spec.y.ticks.length)
  const xLabels = spec.x.ticks.map(tickLabel)
  const yLabels = spec.y.ticks.map(tickLabel)
  const barValues = roundTicks(range)
  const barTexts = barValues.map(value => tickNumber(value, barValues))

  const left = font * LINE + 2 * GAP + TICK + widest(yLabels) * font
  const barSpace = font + BAR_WIDTH + TICK + 2.5 * GAP + widest(barTexts) * font + font * LINE
  const gridWidth = Math.max(width * 0.3, width - left - barSpace)
  const cellWidth = gridWidth / columns
  const cellHeight = rowHeight(cellWidth, rows, gridWidth)
  const gridHeight = cellHeight * rows

  // Numbers thin out and stay level; words that do not fit side by side stand upright.
  const level = widest(xLabels) * font + font * 0.4
  const upright = !isNumbered(spec.x.ticks) && level > cellWidth
  const xFont = upright ? tokenFont(font, cellWidth) : font
  const yFont = isNumbered(spec.y.ticks) ? font : tokenFont(font, cellHeight)
  const top = (options.title ? font * 1.1 * LINE + 2 * GAP : 0) + font * 0.6
  const xTicks = labelled(xLabels, labelStep(cellWidth, upright ? xFont * LEADING : level), left, cellWidth)
  const yTicks = labelled(yLabels, labelStep(cellHeight, yFont * LEADING), top, cellHeight)

  const xTickSpace = TICK + GAP + (upright ? widest(xTicks.map(tick => tick.text)) * xFont : font)
  const xLabelAt = top + gridHeight + xTickSpace + GAP + font
  const footAt = xLabelAt + font * LINE + GAP
  return {
    width,
    height: footAt + (options.footLines - 1) * font * LINE + (options.footLines > 0 ? font * 0.5 : 0),
    font,
    grid: { left, top, width: gridWidth, height: gridHeight },
    cell: { width: cellWidth, height: cellHeight },
    x: { ticks: xTicks, font: xFont, upright, labelAt: xLabelAt },
    y: { ticks: yTicks, font: yFont, labelAt: font * 0.9 },
    bar: {
      left: left + gridWidth + font,
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

function tokenFont(font: number, cellSize: number): number {
  return Math.min(font, Math.max(MIN_TOKEN_PT, cellSize / LEADING))
}

function isNumbered(ticks: readonly string[]): boolean {
  return ticks.every(tick => /^\d+$/.test(tick))
}

/** In units of the font's size. */
function widest(texts: readonly string[]): number {
  return texts.reduce((width, text) => Math.max(width, textWidthEm(text)), 0)
}

function labelled(labels: readonly string[], step: number, start: number, size: number): readonly TickLabel[] {
  return labels.flatMap((text, i) => (i % step === 0 ? [{ at: start + (i + 0.5) * size, text }] : []))
}
