/** Where a grid of cells, its ticks and its axes' names stand, in CSS pixels. */
import type { Axis } from '../../../studies/figure.ts'
import type { Place, Shown } from '../../figures/shown.ts'
import { EMPTY } from '../../figures/text.ts'

export const TICK_PX = 11
export const LABEL_PX = 12

/** Width of one character of a tick label, as a share of its size. */
const CHARACTER = 0.6
/** Tick labels beyond this are cut: the tooltip shows them whole. */
const MAX_TICK_CHARACTERS = 14
/** Between a tick label and the cells. */
const TICK_GAP_PX = 5
const LEAST_BODY_PX = 110
const LEAST_TALL_PX = 280

export interface TickLabel {
  /** Middle of the tick, from the left or the top of the cells. */
  readonly at: number
  readonly text: string
  /** The tick of the axis that this is: labels repeat. */
  readonly tick: number
}

export interface Geometry {
  readonly width: number
  readonly height: number
  /** The cells. */
  readonly left: number
  readonly top: number
  readonly innerWidth: number
  readonly innerHeight: number
  readonly xTicks: readonly TickLabel[]
  readonly yTicks: readonly TickLabel[]
  /** Whether labels below the cells are turned, reading upwards. */
  readonly tilted: boolean
}

/** @param width of all, cells and labels */
export function geometryOf(shown: Shown, width: number): Geometry {
  const xAxis = shown.spec[shown.across]
  const yAxis = shown.spec[shown.down]
  const yText = textWidth(yAxis, shown.rows)
  const left = yText + TICK_GAP_PX + LABEL_PX + 8
  const right = 8
  const innerWidth = Math.max(40, Math.floor(width - left - right))
  const { labels, tilted, height: below } = labelsBelow(xAxis, shown.columns, innerWidth)
  const top = 6
  const bottom = below + TICK_GAP_PX + LABEL_PX + 10
  const innerHeight = bodyHeight(shown.rows.length, yAxis.label, width)
  return {
    width,
    height: top + innerHeight + bottom,
    left,
    top,
    innerWidth,
    innerHeight,
    xTicks: labels,
    yTicks: tickLabels(yAxis, shown.rows, innerHeight, TICK_PX + 3),
    tilted,
  }
}

/** The labels below something `room` wide that has a place for each of `ticks`, and how high they are. */
export function labelsBelow(
  axis: Axis,
  ticks: readonly number[],
  room: number,
): { readonly labels: readonly TickLabel[]; readonly tilted: boolean; readonly height: number } {
  const text = textWidth(axis, ticks)
  // Every token is named where there is room for it upright; of numbers, some are enough.
  const everyTick = axis.kind === 'position' || axis.kind === 'component' || axis.kind === 'prompt'
  const tilted = everyTick && ticks.length * (text + TICK_PX * CHARACTER) > room
  const eachPx = tilted ? TICK_PX + 3 : text + TICK_PX * CHARACTER
  return { labels: tickLabels(axis, ticks, room, eachPx), tilted, height: tilted ? text : TICK_PX }
}

/** The place of the cell at a point from the left and top of the cells, or of the nearest to it. */
export function nearestPlace(
  shown: Shown,
  { innerWidth, innerHeight }: Pick<Geometry, 'innerWidth' | 'innerHeight'>,
  x: number,
  y: number,
): Place {
  const columns = shown.columns.length
  const rows = shown.rows.length
  return {
    column: Math.min(columns - 1, Math.max(0, Math.floor((x / innerWidth) * columns))),
    row: Math.min(rows - 1, Math.max(0, Math.floor((y / innerHeight) * rows))),
  }
}

/** A height that lets rows be told apart and a screen hold several panels. */
function bodyHeight(rows: number, label: string, width: number): number {
  const rowPx = rows <= 12 ? 26 : rows <= 24 ? 18 : rows <= 48 ? 11 : 5
  // Rows are few, or the axis' own name is long: neither may be cut.
  const least = Math.max(LEAST_BODY_PX, label.length * LABEL_PX * CHARACTER)
  return Math.round(Math.min(Math.max(rows * rowPx, least), Math.max(LEAST_TALL_PX, width * 0.75)))
}

function tickLabels(axis: Axis, ticks: readonly number[], room: number, eachPx: number): readonly TickLabel[] {
  const step = room / Math.max(1, ticks.length)
  return chooseTicks(ticks.length, room / eachPx).map(place => {
    const tick = ticks[place] ?? 0
    return { at: (place + 0.5) * step, text: shorten(axis.ticks[tick] ?? ''), tick }
  })
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

function textWidth(axis: Axis, ticks: readonly number[]): number {
  let most = 1
  for (const tick of ticks) most = Math.max(most, (axis.ticks[tick] || EMPTY).length)
  return Math.round(Math.min(MAX_TICK_CHARACTERS, most) * TICK_PX * CHARACTER)
}

function shorten(text: string): string {
  if (text === '') return EMPTY
  if (text.length <= MAX_TICK_CHARACTERS) return text
  const characters = [...text]
  return characters.length <= MAX_TICK_CHARACTERS ? text : `${characters.slice(0, MAX_TICK_CHARACTERS - 1).join('')}…`
}
