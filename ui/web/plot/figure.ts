/**
 * A panel as Plotly wants it. Axes are integers with tick texts, because token labels repeat;
 * tick texts are escaped, because Plotly reads markup in them. The range is always explicit:
 * Plotly's own choice is neither symmetric nor shared between panels.
 */
import type { Axis, FigureSpec } from '../../../studies/figure.ts'
import type { FigureView } from '../../client/run-view.ts'
import { type ColourRange, colourAt, NO_VALUE, SCALES, type Scale, takesDarkInk } from '../../figures/colours.ts'
import { markedCells } from './panels.ts'

type Json = Readonly<Record<string, unknown>>

/** Marks are text on top of cells; more than this are slow to draw and impossible to tell apart. */
export const MAX_DRAWN_MARKS = 2000

/** What studies mark a cell with when its top token changed. */
const CROSS = '×'

/** Colours that depend on the theme. */
export interface PlotInk {
  readonly text: string
  /** Behind cells that have no value yet. */
  readonly background: string
  readonly cursor: string
  /** Around the cursor, so that it shows on any cell. */
  readonly cursorHalo: string
  readonly font: string
}

export interface PlotSize {
  readonly width: number
  readonly height: number
}

/** How values become colours: the same for all panels of a group. */
export interface Colouring {
  readonly scale: Scale
  readonly range: ColourRange
}

const TICK_PX = 11
const LABEL_PX = 12
/** Width of one character of a tick label, as a share of its size. */
const CHARACTER = 0.6
/** Tick labels beyond this are cut: the tooltip shows them whole. */
const MAX_TICK_CHARACTERS = 14

/** Every cell of a panel as rows; new arrays each time, since Plotly redraws what is new. */
function rows(panel: FigureView): Float32Array[] {
  const columns = panel.spec.x.ticks.length
  return panel.spec.y.ticks.map((_, row) => panel.values.slice(row * columns, (row + 1) * columns))
}

export function panelData(panel: FigureView, { scale, range }: Colouring): Json[] {
  const [low, high] = range
  const heatmap = {
    type: 'heatmap',
    z: rows(panel),
    zmin: low,
    zmax: high,
    zauto: false,
    colorscale: SCALES[scale],
    showscale: false,
    hoverinfo: 'none',
    hoverongaps: false,
  }
  const cells = panel.spec.marks.length === 0 ? [] : markedCells(panel, MAX_DRAWN_MARKS)
  if (cells === null || cells.length === 0) return [heatmap]
  const columns = panel.spec.x.ticks.length
  const colours = cells.map(index => {
    const share = ((panel.values[index] ?? Number.NaN) - low) / (high - low)
    return takesDarkInk(Number.isNaN(share) ? NO_VALUE : colourAt(scale, share)) ? '#111' : '#fff'
  })
  const symbols = cells.map(index => panel.spec.marks[(panel.marks[index] ?? 1) - 1]?.symbol ?? CROSS)
  const sizePx = columns > 64 ? 5 : 7
  // A cross as a marker is one path; as a text Plotly would measure and set each.
  const drawing = symbols.every(symbol => symbol === CROSS)
    ? { mode: 'markers', marker: { symbol: 'x-thin', size: sizePx, line: { width: 1.3, color: colours } } }
    : { mode: 'text', text: symbols.map(escapeMarkup), textfont: { color: colours, size: sizePx + 5 } }
  const marks = {
    type: 'scatter',
    x: cells.map(index => index % columns),
    y: cells.map(index => Math.floor(index / columns)),
    ...drawing,
    hoverinfo: 'skip',
    showlegend: false,
  }
  return [heatmap, marks]
}

export function panelLayout(spec: FigureSpec, size: PlotSize, ink: PlotInk) {
  const xLongest = longest(spec.x)
  const yLongest = longest(spec.y)
  const room = size.width - yLongest * TICK_PX * CHARACTER - 60
  const upright = (spec.x.ticks.length * (xLongest + 1) * TICK_PX * CHARACTER) / Math.max(room, 1) > 1
  const everyTick = spec.x.kind === 'position' || spec.x.kind === 'component' || spec.x.kind === 'prompt'
  const tilted = upright && everyTick
  const margin = {
    l: Math.round(yLongest * TICK_PX * CHARACTER) + LABEL_PX + 18,
    r: 8,
    t: 6,
    b: (tilted ? Math.round(xLongest * TICK_PX * CHARACTER) : TICK_PX) + LABEL_PX + 16,
    pad: 0,
  }
  const xRoomPx = tilted ? TICK_PX + 3 : (xLongest + 1) * TICK_PX * CHARACTER
  return {
    width: size.width,
    height: size.height,
    margin,
    autosize: false,
    paper_bgcolor: 'rgba(0,0,0,0)',
    plot_bgcolor: ink.background,
    font: { family: ink.font, size: TICK_PX, color: ink.text },
    xaxis: {
      ...axisLayout(spec.x, (size.width - margin.l - margin.r) / xRoomPx),
      tickangle: tilted ? -90 : 0,
    },
    yaxis: {
      ...axisLayout(spec.y, (size.height - margin.t - margin.b) / (TICK_PX + 3)),
      // Rows read downwards, as in a table.
      range: [spec.y.ticks.length - 0.5, -0.5],
    },
    dragmode: 'zoom',
    hovermode: 'closest',
    showlegend: false,
    // Keeps a zoom while cells arrive.
    uirevision: spec.id,
  }
}

function axisLayout(axis: Axis, mostTicks: number): Json {
  const shown = chooseTicks(axis.ticks.length, mostTicks)
  return {
    title: { text: escapeMarkup(axis.label), font: { size: LABEL_PX }, standoff: 6 },
    range: [-0.5, axis.ticks.length - 0.5],
    tickmode: 'array',
    tickvals: shown,
    ticktext: shown.map(tick => escapeMarkup(shorten(axis.ticks[tick] ?? ''))),
    ticks: '',
    showgrid: false,
    zeroline: false,
    showline: false,
  }
}

/** Which ticks are labelled when at most `most` labels fit: every first, second, fifth, tenth … */
export function chooseTicks(count: number, most: number): number[] {
  let step = 1
  for (let scale = 1; count / step > Math.max(1, most); scale *= 10) {
    for (const factor of [1, 2, 5]) {
      step = factor * scale
      if (count / step <= Math.max(1, most)) break
    }
  }
  return Array.from({ length: Math.ceil(count / step) }, (_, index) => index * step)
}

/** The frame around a cell: two lines, dark and light, so that it shows on any colour. */
export function cellFrame(spec: FigureSpec, index: number, ink: PlotInk): Json[] {
  const columns = spec.x.ticks.length
  const x = index % columns
  const y = Math.floor(index / columns)
  const frame = (color: string, width: number) => ({
    type: 'rect',
    x0: x - 0.5,
    x1: x + 0.5,
    y0: y - 0.5,
    y1: y + 0.5,
    line: { color, width },
    fillcolor: 'rgba(0,0,0,0)',
  })
  return [frame(ink.cursorHalo, 5), frame(ink.cursor, 2)]
}

/** A height that lets rows be told apart and a screen hold several panels. */
export function panelHeight(spec: FigureSpec, widthPx: number): number {
  const rowCount = spec.y.ticks.length
  const rowPx = rowCount <= 12 ? 26 : rowCount <= 24 ? 18 : rowCount <= 48 ? 11 : 5
  // Rows are few, or the axis' own name is long: neither may be cut.
  const least = Math.max(110, spec.y.label.length * LABEL_PX * CHARACTER)
  const body = Math.min(Math.max(rowCount * rowPx, least), Math.max(280, widthPx * 0.75))
  const tilted = spec.x.kind === 'position' || spec.x.kind === 'prompt'
  return Math.round(body + 40 + (tilted ? longest(spec.x) * TICK_PX * CHARACTER : 0))
}

function longest(axis: Axis): number {
  return Math.min(
    MAX_TICK_CHARACTERS,
    axis.ticks.reduce((most, tick) => Math.max(most, [...tick].length), 1),
  )
}

function shorten(text: string): string {
  const characters = [...text]
  return characters.length <= MAX_TICK_CHARACTERS ? text : `${characters.slice(0, MAX_TICK_CHARACTERS - 1).join('')}…`
}

/** Plotly reads `<b>`, `<br>`, links and entities in its texts; these are none. */
export function escapeMarkup(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}
