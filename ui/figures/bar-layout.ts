/** The colour bar: beside the panels, or below them where they are too low for its label. */
import type { ColourRange } from './colours.ts'
import { GAP, LINE, type Measure, TICK, widest, wrap } from './metrics.ts'
import { roundTicks, tickNumber } from './ticks.ts'

export interface BarLayout {
  readonly below: boolean
  readonly left: number
  readonly top: number
  readonly width: number
  readonly height: number
  /** Points from its low end. */
  readonly ticks: readonly { readonly at: number; readonly text: string }[]
  /** Lines of the label: one where it stands beside. */
  readonly label: readonly string[]
  /** Centre of the label, on the baseline of its first line. */
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
  return fontPt + THICK + TICK + 2.5 * GAP + widest(numbersOf(range), measure) * fontPt + fontPt * LINE
}

export function belowHeight(options: BarOptions): number {
  return THICK + TICK + GAP + options.fontPt * (0.75 + LINE * labelBelow(options).length)
}

/** Lines that fit in the picture's whole width. */
function labelBelow({ barLabel, widthPt, fontPt, measure }: BarOptions): readonly string[] {
  return wrap(barLabel, widthPt / fontPt - 1, measure)
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
    label: [barLabel],
    labelX: widthPt - font * 0.35,
    labelY: top + height / 2,
  }
}

export function barBelow(area: Area, top: number, options: BarOptions): BarLayout {
  const { fontPt: font, range, widthPt, measure } = options
  // A number may stand at either end.
  const beyond = (widest(numbersOf(range), measure) * font) / 2
  const from = Math.max(area.left, beyond)
  const room = Math.min(area.right, widthPt - beyond) - from
  const width = Math.min(room, MAX_LENGTH_BELOW)
  const left = from + (room - width) / 2
  const label = labelBelow(options)
  const half = (widest(label, measure) * font) / 2
  return {
    below: true,
    left,
    top,
    width,
    height: THICK,
    ticks: placed(range, width),
    label,
    // A label that is wider than the grid still stands within the picture.
    labelX: Math.min(Math.max(left + width / 2, half), Math.max(half, widthPt - half)),
    labelY: top + THICK + TICK + GAP + font * 0.75 + font * 1.15,
  }
}

function barTicks(range: ColourRange) {
  const values = roundTicks(range)
  return values.map(value => ({ value, text: tickNumber(value, values) }))
}

function numbersOf(range: ColourRange): readonly string[] {
  return barTicks(range).map(({ text }) => text)
}

function placed(range: ColourRange, length: number): BarLayout['ticks'] {
  const [low, high] = range
  return barTicks(range).map(({ value, text }) => ({ at: length * ((value - low) / (high - low)), text }))
}
