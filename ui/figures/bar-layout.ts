/** The colour bar: beside the panels, or below them where they are too low for its label. */
import type { ColourRange } from './colours.ts'
import { GAP, LINE, type Measure, TICK, widest } from './metrics.ts'
import { roundTicks, tickNumber } from './ticks.ts'

export interface BarLayout {
  readonly below: boolean
  readonly left: number
  readonly top: number
  readonly width: number
  readonly height: number
  /** Points from its low end. */
  readonly ticks: readonly { readonly at: number; readonly text: string }[]
  /** Centre of the label, on its baseline. */
  readonly labelX: number
  readonly labelY: number
}

export interface BarOptions {
  readonly widthPt: number
  readonly fontPt: number
  readonly barLabel: string
  readonly range: ColourRange
  readonly measure: Measure
}

interface Area {
  readonly left: number
  readonly right: number
  readonly top: number
  readonly bottom: number
}

const THICK = 7
const MAX_LENGTH = 220
const MAX_LENGTH_BELOW = 170

/** Width that a bar beside the panels takes. */
export function barSpace({ fontPt, range, measure }: BarOptions): number {
  const numbers = barTicks(range).map(({ text }) => text)
  return fontPt + THICK + TICK + 2.5 * GAP + widest(numbers, measure) * fontPt + fontPt * LINE
}

export function belowHeight({ fontPt }: BarOptions): number {
  return THICK + TICK + GAP + fontPt * 0.75 + fontPt * LINE
}

export function barBeside(area: Area, options: BarOptions): BarLayout {
  const { fontPt: font, range, widthPt, barLabel, measure } = options
  const room = area.bottom - area.top
  const height = Math.min(room, Math.max(MAX_LENGTH, measure(barLabel) * font))
  const top = area.top + (room - height) / 2
  return {
    below: false,
    left: area.right + font,
    top,
    width: THICK,
    height,
    ticks: placed(range, height),
    labelX: widthPt - font * 0.35,
    labelY: top + height / 2,
  }
}

export function barBelow(area: Area, top: number, { fontPt: font, range }: BarOptions): BarLayout {
  const room = area.right - area.left
  const width = Math.min(room, MAX_LENGTH_BELOW)
  const left = area.left + (room - width) / 2
  return {
    below: true,
    left,
    top,
    width,
    height: THICK,
    ticks: placed(range, width),
    labelX: left + width / 2,
    labelY: top + THICK + TICK + GAP + font * 0.75 + font * 1.15,
  }
}

function barTicks(range: ColourRange) {
  const values = roundTicks(range)
  return values.map(value => ({ value, text: tickNumber(value, values) }))
}

function placed(range: ColourRange, length: number): BarLayout['ticks'] {
  const [low, high] = range
  return barTicks(range).map(({ value, text }) => ({ at: (length * (value - low)) / (high - low), text }))
}
