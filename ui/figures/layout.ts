/**
 * Where everything of a picture stands, in points (1/72 in), from its exact width. Panels stand side
 * by side while their cells stay large enough to read, else below each other; neighbours that share an
 * axis show it once. Cells are square where that gives a readable height, rows are at least tall
 * enough for marks where there are few, and nothing grows taller than a page.
 */
import type { Axis, FigureSpec } from '../../studies/figure.ts'
import { type AxisLayout, columnAxis, isNumbered, rowAxis } from './axis-layout.ts'
import { type BarLayout, type BarOptions, barBelow, barBeside, barSpace, belowHeight } from './bar-layout.ts'
import { GAP, LINE } from './metrics.ts'

export interface PanelLayout {
  readonly left: number
  readonly top: number
  readonly width: number
  readonly height: number
  /** Null where all of its row's neighbours below show the same axes. */
  readonly x: AxisLayout | null
  /** Null where the neighbour to the left shows the same axis. */
  readonly y: AxisLayout | null
  /** Baseline of its letter and title; null where it has none. */
  readonly titleAt: number | null
}

export interface Layout {
  readonly width: number
  readonly height: number
  readonly panels: readonly PanelLayout[]
  readonly bar: BarLayout
  /** Baseline of the picture's title. */
  readonly titleAt: number | null
  /** Baseline of the first line below the axes. */
  readonly footAt: number
}

export interface LayoutOptions extends BarOptions {
  /** Whether the picture has a title above all. */
  readonly title: boolean
  /** Titles of the panels; null where they have none. */
  readonly panelTitles: readonly string[] | null
  /** Lines of text below the axes. */
  readonly footLines: number
}

/** Pages are 9 in or a little more at most venues, and the caption stands on the same one. */
const MAX_HEIGHT = 7.5 * 72
/** Of a tick's label, as a part of the picture's width: what is left is for cells. */
const LONGEST_LABEL = 0.3
const MAX_COLUMNS = 4
const MIN_PANEL_WIDTH = 64
const MAX_CELL_HEIGHT = 22
const MIN_CELL_HEIGHT = 12
const MAX_GRID_ASPECT = 1.15
/** Cells stay at least this wide where panels stand side by side: of words, of many numbers, of few. */
const MIN_WORD_CELL = 6.4
const MIN_FINE_CELL = 2.2
const MIN_CELL = 4
const MANY = 40

type Panel = Pick<FigureSpec, 'x' | 'y'>

export function layOut(panels: readonly Panel[], options: LayoutOptions): Layout {
  const columns = columnsFor(panels, options)
  const beside = arrange(panels, columns, false, options)
  const room = beside.bottom - beside.top
  const laid =
    options.measure(options.barLabel) * options.fontPt <= room ? beside : arrange(panels, columns, true, options)
  if (laid.layout.height <= MAX_HEIGHT) return laid.layout
  const fixed = laid.layout.height - laid.gridHeight
  const squeeze = Math.max(0.3, (MAX_HEIGHT - fixed) / laid.gridHeight)
  return arrange(panels, columns, laid !== beside, options, squeeze).layout
}

/** As few rows as leave every panel readable, and in them as even as may be: six stand three by three, not four and two. */
function columnsFor(panels: readonly Panel[], options: LayoutOptions): number {
  const fits = (columns: number) => {
    const grid = gridWidth(panels, columns, options.widthPt - barSpace(options), options)
    return (
      grid >= MIN_PANEL_WIDTH &&
      panels.every(({ x }) => grid / x.ticks.length >= leastCell(x)) &&
      (options.panelTitles ?? []).every(title => options.measure(title) * options.fontPt <= grid * 1.05)
    )
  }
  for (let columns = Math.min(panels.length, MAX_COLUMNS); columns > 1; columns--) {
    if (fits(columns)) return Math.ceil(panels.length / Math.ceil(panels.length / columns))
  }
  return 1
}

function leastCell({ ticks }: Axis): number {
  if (ticks.length > MANY) return MIN_FINE_CELL
  return isNumbered(ticks) ? MIN_CELL : MIN_WORD_CELL
}

/** Space left of a column of panels for the labels of its rows, per column. */
function leftMargins(panels: readonly Panel[], columns: number, { fontPt, widthPt, measure }: LayoutOptions): number[] {
  return Array.from({ length: columns }, (_, column) =>
    panels
      .filter((_panel, i) => i % columns === column && showsRows(panels, columns, i))
      .reduce(
        (space, { y }) =>
          Math.max(space, rowAxis(y, 1e4, widthPt * LONGEST_LABEL, fontPt, measure).space + 0.4 * fontPt),
        column === 0 ? 0.4 * fontPt : 1.1 * fontPt,
      ),
  )
}

function showsRows(panels: readonly Panel[], columns: number, i: number): boolean {
  return i % columns === 0 || !sameAxis(panels[i - 1]?.y, panels[i]?.y)
}

/** For a whole row: where one panel must show its axis, its neighbours lose no room by showing theirs. */
function rowShowsColumns(panels: readonly Panel[], columns: number, first: number): boolean {
  return panels.slice(first, first + columns).some(({ x }, i) => !sameAxis(panels[first + columns + i]?.x, x))
}

function sameAxis(a: Axis | undefined, b: Axis | undefined): boolean {
  if (a === undefined || b === undefined) return false
  return a.label === b.label && a.ticks.length === b.ticks.length && a.ticks.every((tick, i) => tick === b.ticks[i])
}

function gridWidth(panels: readonly Panel[], columns: number, width: number, options: LayoutOptions): number {
  const margins = leftMargins(panels, columns, options).reduce((sum, margin) => sum + margin, 0)
  return Math.max(options.widthPt * 0.15, width - margins) / columns
}

function arrange(
  panels: readonly Panel[],
  columns: number,
  barIsBelow: boolean,
  options: LayoutOptions,
  squeeze = 1,
): { layout: Layout; top: number; bottom: number; gridHeight: number } {
  const { widthPt, fontPt: font, measure } = options
  const right = barIsBelow ? font * 0.8 : barSpace(options)
  const margins = leftMargins(panels, columns, options)
  const longest = widthPt * LONGEST_LABEL
  const width = gridWidth(panels, columns, widthPt - right, options)
  const head = options.panelTitles === null ? font * 0.6 : font * LINE + GAP
  // Panels whose rows are as many stand level.
  const heightOf = ({ y: rows }: Panel) =>
    Math.min(
      ...panels
        .filter(panel => panel.y.ticks.length === rows.ticks.length)
        .map(panel => panelHeight(panel, width, options)),
    )
  const placed: PanelLayout[] = []
  let y = options.title ? font * 1.1 * LINE + GAP : 0
  let gridHeight = 0
  let bottom = 0
  const top = y + head
  for (let first = 0; first < panels.length; first += columns) {
    const row = panels.slice(first, first + columns)
    const titleAt = options.panelTitles === null ? null : y + font
    y += head
    const heights = row.map(panel => heightOf(panel) * squeeze)
    const tallest = Math.max(...heights)
    const shown = rowShowsColumns(panels, columns, first)
    let below = 0
    let left = 0
    row.forEach((panel, column) => {
      left += margins[column] ?? 0
      const height = heights[column] ?? tallest
      const x = shown ? columnAxis(panel.x, width, longest, font, measure) : null
      const rows = showsRows(panels, columns, first + column) ? rowAxis(panel.y, height, longest, font, measure) : null
      placed.push({ left, top: y, width, height, x, y: rows, titleAt })
      below = Math.max(below, height + (x?.space ?? GAP))
      left += width
    })
    gridHeight += tallest
    bottom = y + tallest
    y += below + (first + columns < panels.length ? font * 0.7 : 0)
  }
  const area = { left: margins[0] ?? 0, right: widthPt - right, top, bottom }
  const bar = barIsBelow ? barBelow(area, y + font * 0.5, options) : barBeside(area, options)
  const end = barIsBelow ? y + font * 0.5 + belowHeight(options) : y
  const footAt = end + font * LINE + (options.footLines > 0 ? GAP : 0)
  return {
    top,
    bottom,
    gridHeight,
    layout: {
      width: widthPt,
      height: options.footLines > 0 ? footAt + (options.footLines - 1) * font * LINE + font * 0.5 : end + font * 0.5,
      panels: placed,
      bar,
      titleAt: options.title ? font * 1.1 + GAP / 2 : null,
      footAt,
    },
  }
}

function panelHeight({ x, y }: Panel, width: number, { fontPt, measure }: LayoutOptions): number {
  const rows = Math.max(1, y.ticks.length)
  const least = Math.min(MIN_CELL_HEIGHT, 100 / rows)
  const square = width / Math.max(1, x.ticks.length)
  const cell = Math.min(Math.max(square, least), MAX_CELL_HEIGHT, Math.max(least, (width * MAX_GRID_ASPECT) / rows))
  // The axis's own label stands upright beside it.
  return Math.max(cell * rows, measure(y.label) * fontPt + GAP)
}
