/** Lines and their bands as Plotly's traces and layout; pure. */
import type { Axis } from '../../../studies/figure.ts'
import type { ScaleChoice } from '../services/look.ts'
import { LABEL_PX, labelsBelow, TICK_PX } from './geometry.ts'
import type { Line, LinePoint } from './lines.ts'

type Json = Readonly<Record<string, unknown>>

/** Colours around and of the lines, as the theme has them. */
export interface LineInk {
  readonly text: string
  readonly rule: string
  readonly zero: string
  readonly font: string
  /** More lines than colours begin again. */
  readonly series: readonly string[]
}

/** Dashes, for those who do not see the colours apart; Plotly's words and lengths. */
export const DASHES = ['solid', '7px,3px', '2.5px,2.5px', '8px,3px,2px,3px', '12px,4px', '4px,2px', '1px,3px'] as const

export interface LineFrame {
  readonly height: number
  readonly left: number
  readonly innerWidth: number
  readonly layout: Json
}

const INNER_HEIGHT_PX = 240
const LEFT_PX = 64
const TOP_PX = 8
const RIGHT_PX = 12
/** Room beyond the highest and the lowest value, as a share of what lies between them. */
const HEADROOM = 0.05
const BAND_OPACITY = 0.26
/** A dot at each point where there is room for it. */
const DOT_ROOM_PX = 8

/** The bands, and the lines above them. @param width of the chart, in CSS pixels */
export function lineTraces(lines: readonly Line[], width: number, ink: LineInk): Json[] {
  const colourOf = (index: number) => ink.series[index % ink.series.length] ?? ink.text
  const bands = lines.flatMap(({ points }, index) =>
    stretches(points).map(stretch => ({
      type: 'scatter',
      mode: 'lines',
      x: [...stretch.map(({ place }) => place), ...stretch.map(({ place }) => place).reverse()],
      y: [...stretch.map(({ high }) => high), ...stretch.map(({ low }) => low).reverse()],
      line: { width: 0 },
      fill: 'toself',
      fillcolor: colourOf(index),
      opacity: BAND_OPACITY,
      hoverinfo: 'skip',
    })),
  )
  const places = lines[0]?.points.length ?? 0
  const dots = places * DOT_ROOM_PX < innerWidthOf(width)
  return [
    ...bands,
    ...lines.map(({ points }, index) => ({
      type: 'scatter',
      mode: dots ? 'lines+markers' : 'lines',
      x: points.map((_, place) => place),
      y: points.map(({ mean }) => (Number.isNaN(mean) ? null : mean)),
      connectgaps: false,
      line: { color: colourOf(index), width: 1.8, dash: DASHES[index % DASHES.length] },
      marker: { size: 5 },
      hoverinfo: 'none',
    })),
  ]
}

export function lineFrame(
  lines: readonly Line[],
  axis: Axis,
  metric: string,
  scale: ScaleChoice,
  width: number,
  ink: LineInk,
): LineFrame {
  const ticks = lines[0]?.points.map(point => point.tick) ?? []
  const innerWidth = innerWidthOf(width)
  const below = labelsBelow(axis, ticks, innerWidth)
  const bottom = below.height + LABEL_PX + TICK_PX + 6
  const height = TOP_PX + INNER_HEIGHT_PX + bottom
  const placeOf = new Map(ticks.map((tick, place) => [tick, place]))
  const shared = { color: ink.text, tickfont: { size: TICK_PX }, fixedrange: true, ticks: '' }
  return {
    height,
    left: LEFT_PX,
    innerWidth,
    layout: {
      width,
      height,
      margin: { l: LEFT_PX, r: RIGHT_PX, t: TOP_PX, b: bottom },
      paper_bgcolor: 'rgba(0,0,0,0)',
      plot_bgcolor: 'rgba(0,0,0,0)',
      font: { family: ink.font, size: LABEL_PX, color: ink.text },
      showlegend: false,
      dragmode: false,
      hovermode: 'x',
      xaxis: {
        ...shared,
        range: [-0.5, ticks.length - 0.5],
        tickvals: below.labels.map(({ tick }) => placeOf.get(tick) ?? 0),
        ticktext: below.labels.map(({ text }) => escaped(text)),
        tickangle: below.tilted ? -90 : 0,
        showgrid: false,
        zeroline: false,
        title: { text: escaped(axis.label), standoff: 4 },
      },
      yaxis: {
        ...shared,
        range: typeof scale === 'string' ? valueRange(lines) : [scale.min, scale.max],
        gridcolor: ink.rule,
        zerolinecolor: ink.zero,
        title: { text: escaped(metric) },
      },
    },
  }
}

const innerWidthOf = (width: number) => Math.max(60, width - LEFT_PX - RIGHT_PX)

/** From the lowest to the highest of all lines and bands, with 0 in it: an effect is seen against none. */
export function valueRange(lines: readonly Line[]): readonly [low: number, high: number] {
  let low = 0
  let high = 0
  for (const { points } of lines) {
    for (const { mean, interval } of points) {
      if (Number.isNaN(mean)) continue
      low = Math.min(low, interval?.[0] ?? mean)
      high = Math.max(high, interval?.[1] ?? mean)
    }
  }
  if (low === high) return [-1, 1]
  const room = HEADROOM * (high - low)
  return [low === 0 ? 0 : low - room, high === 0 ? 0 : high + room]
}

/** Plotly reads tags and entities in every text. */
function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}

/** Points with an interval that follow one another, stretch by stretch. */
function stretches(points: readonly LinePoint[]) {
  const found: { readonly place: number; readonly low: number; readonly high: number }[][] = []
  let isOpen = false
  for (const [place, { interval }] of points.entries()) {
    if (interval === null) {
      isOpen = false
      continue
    }
    if (!isOpen) found.push([])
    isOpen = true
    found.at(-1)?.push({ place, low: interval[0], high: interval[1] })
  }
  return found
}
