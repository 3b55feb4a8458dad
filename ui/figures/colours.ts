/**
 * Colour scales, shared by the screen and the exports, so that the two agree: explicit stops at equal
 * steps, interpolated linearly in sRGB.
 *
 * Diverging: ColorBrewer's RdBu, blue for negative and red for positive, always symmetric around 0;
 * red and blue of equal lightness stay apart for every common colour-vision deficiency. Sequential:
 * matplotlib's viridis, which rises evenly in lightness and so survives a grey print.
 */
import type { FigureSpec } from '../../studies/figure.ts'

export type Scale = FigureSpec['scale']
export type Stop = readonly [at: number, colour: string]
export type ColourRange = readonly [low: number, high: number]

const RDBU = '053061 2166ac 4393c3 92c5de d1e5f0 f7f7f7 fddbc7 f4a582 d6604d b2182b 67001f'
const VIRIDIS = '440154 482475 414487 355f8d 2a788e 21918c 22a884 44bf70 7ad151 bddf26 fde725'

/** Positions from 0 to 1 with their colours. */
export const SCALES: Readonly<Record<Scale, readonly Stop[]>> = {
  diverging: stops(RDBU),
  sequential: stops(VIRIDIS),
}

/** Cells without a value. On neither scale, so that it cannot be read as one. */
export const NO_VALUE = '#bdbdbd'

/** A scale's length is a number as well. */
const LARGEST = Number.MAX_VALUE / 4

/**
 * The values at a scale's two ends: symmetric around 0 for a diverging one, smallest and largest
 * value for a sequential one. Figures of one group pass all their values and share the answer.
 * Values that are not finite do not count; with none that are, the range is that of 0 and 1.
 */
export function colourRange(scale: Scale, ...figures: readonly ArrayLike<number>[]): ColourRange {
  let low = Number.POSITIVE_INFINITY
  let high = Number.NEGATIVE_INFINITY
  for (const values of figures) {
    for (let i = 0; i < values.length; i++) {
      const value = values[i] ?? Number.NaN
      if (!Number.isFinite(value)) continue
      if (value < low) low = Math.max(value, -LARGEST)
      if (value > high) high = Math.min(value, LARGEST)
    }
  }
  if (low > high) return scale === 'diverging' ? [-1, 1] : [0, 1]
  if (scale === 'diverging') {
    const end = Math.max(Math.abs(low), Math.abs(high)) || 1
    return [-end, end]
  }
  return low === high ? [low, low + (Math.abs(low) || 1)] : [low, high]
}

/** A scale between ends of a reader's own. A diverging one stays symmetric around 0: its pale middle means "no effect". */
export function fixedRange(scale: Scale, [low, high]: ColourRange): ColourRange {
  if (scale === 'sequential') return [low, high]
  const end = Math.max(Math.abs(low), Math.abs(high))
  return [-end, end]
}

/** The colour at `t`, from 0 to 1 (clamped), as `#rrggbb`. */
export function colourAt(scale: Scale, t: number): string {
  const all = SCALES[scale]
  const place = Math.min(1, Math.max(0, t)) * (all.length - 1)
  const below = Math.min(all.length - 2, Math.floor(place))
  const from = rgb(all[below]?.[1])
  const to = rgb(all[below + 1]?.[1])
  const part = place - below
  return `#${from.map((value, i) => hex(Math.round(value + ((to[i] ?? 0) - value) * part))).join('')}`
}

/** True where dark ink reads better on `colour` (`#rrggbb`) than white does (WCAG relative luminance). */
export function takesDarkInk(colour: string): boolean {
  const [r = 0, g = 0, b = 0] = rgb(colour).map(value => (value / 255) ** 2.2)
  return 0.2126 * r + 0.7152 * g + 0.0722 * b > 0.18
}

function stops(colours: string): readonly Stop[] {
  const all = colours.split(' ')
  return all.map((colour, i): Stop => [i / (all.length - 1), `#${colour}`])
}

function rgb(colour = '#000000'): readonly number[] {
  return [1, 3, 5].map(at => Number.parseInt(colour.slice(at, at + 2), 16))
}

function hex(value: number): string {
  return value.toString(16).padStart(2, '0')
}
