/** Where lines, bands and ticks of a chart stand, in CSS pixels. */
import type { Axis } from '../../../studies/figure.ts'
import { roundTicks, tickNumber } from '../../figures/ticks.ts'
import type { ScaleChoice } from '../services/look.ts'
import { LABEL_PX, labelsBelow, TICK_PX, type TickLabel } from './geometry.ts'
import type { Line, LinePoint } from './lines.ts'

export interface ChartGeometry {
  readonly width: number
  readonly height: number
  readonly left: number
  readonly top: number
  readonly innerWidth: number
  readonly innerHeight: number
  readonly xTicks: readonly TickLabel[]
  readonly tilted: boolean
  readonly yTicks: readonly { readonly at: number; readonly text: string }[]
  /** Where 0 is, from the top of the lines; null where it is not in sight. */
  readonly zero: number | null
  readonly xOf: (place: number) => number
  readonly yOf: (value: number) => number
}

const INNER_HEIGHT_PX = 240
const LEFT_PX = 64
const TOP_PX = 8
const RIGHT_PX = 12
const Y_TICKS = 6
/** Room beyond the highest and the lowest value, as a share of what lies between them. */
const HEADROOM = 0.05

export function chartGeometry(lines: readonly Line[], axis: Axis, width: number, scale: ScaleChoice): ChartGeometry {
  const ticks = lines[0]?.points.map(point => point.tick) ?? []
  const innerWidth = Math.max(60, width - LEFT_PX - RIGHT_PX)
  const below = labelsBelow(axis, ticks, innerWidth)
  const [low, high] = typeof scale === 'string' ? valueRange(lines) : [scale.min, scale.max]
  const yOf = (value: number) => INNER_HEIGHT_PX * (1 - (value - low) / (high - low))
  const round = roundTicks([low, high], Y_TICKS)
  return {
    width,
    height: TOP_PX + INNER_HEIGHT_PX + below.height + LABEL_PX + TICK_PX + 6,
    left: LEFT_PX,
    top: TOP_PX,
    innerWidth,
    innerHeight: INNER_HEIGHT_PX,
    xTicks: below.labels,
    tilted: below.tilted,
    yTicks: round.map(value => ({ at: yOf(value), text: tickNumber(value, round) })),
    zero: low < 0 && high > 0 ? yOf(0) : null,
    xOf: place => ((place + 0.5) / Math.max(1, ticks.length)) * innerWidth,
    yOf,
  }
}

/** From the lowest to the highest of all lines and bands, with 0 in it: an effect is seen against none. */
function valueRange(lines: readonly Line[]): readonly [low: number, high: number] {
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

type Scales = Pick<ChartGeometry, 'xOf' | 'yOf'>

/** An SVG path through the means; it breaks where there is none. */
export function linePath(points: readonly LinePoint[], { xOf, yOf }: Scales): string {
  return stretches(points, point => !Number.isNaN(point.mean))
    .map(stretch => `M${stretch.map(({ place, point }) => pair(xOf(place), yOf(point.mean))).join('L')}`)
    .join('')
}

/** An SVG path around the intervals. */
export function bandPath(points: readonly LinePoint[], { xOf, yOf }: Scales): string {
  return stretches(points, point => point.interval !== null)
    .map(stretch => {
      const ends = stretch.map(({ place, point }) => ({ x: xOf(place), interval: point.interval ?? [0, 0] }))
      const above = ends.map(({ x, interval }) => pair(x, yOf(interval[1])))
      const below = ends.reverse().map(({ x, interval }) => pair(x, yOf(interval[0])))
      return `M${[...above, ...below].join('L')}Z`
    })
    .join('')
}

const pair = (x: number, y: number) => `${x.toFixed(1)},${y.toFixed(1)}`

/** Points that follow one another and pass a test, stretch by stretch. */
function stretches(points: readonly LinePoint[], passes: (point: LinePoint) => boolean) {
  const found: { readonly place: number; readonly point: LinePoint }[][] = []
  let open: { readonly place: number; readonly point: LinePoint }[] | null = null
  for (const [place, point] of points.entries()) {
    if (!passes(point)) {
      open = null
      continue
    }
    if (open === null) {
      open = []
      found.push(open)
    }
    open.push({ place, point })
  }
  return found
}
