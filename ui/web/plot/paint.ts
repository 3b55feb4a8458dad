/**
 * Cells as pixels. A grid may have more cells than the screen has pixels: a neuron of 8,192 must not
 * vanish between two of them, so a pixel that stands for several cells shows the one that is farthest
 * from the scale's rest (from 0 where it diverges, from its low end where it does not).
 */
import type { FigureView } from '../../client/run-view.ts'
import { type ColourRange, colourAt, type Scale } from '../../figures/colours.ts'
import { cellAt, type Shown } from '../../figures/shown.ts'

/** Odd, so that 0 has a colour of its own on a diverging scale; a screen shows no more steps. */
const LEVELS = 255

/** A picture of one pixel a cell, or fewer where there is less room. */
export interface CellPixels {
  readonly width: number
  readonly height: number
  /** Red, green, blue, alpha of each pixel; a cell without a value is left clear. */
  readonly rgba: Uint8ClampedArray<ArrayBuffer> // [height · width · 4]
  /** True where a pixel may stand for more than one cell. */
  readonly pooled: boolean
}

/** How values become colours. */
export interface Colouring {
  readonly scale: Scale
  /** Values at the scale's two ends; what lies beyond takes the colour of the end. */
  readonly range: ColourRange
}

/** @param room device pixels across and down */
export function paintCells(
  shown: Shown,
  { values }: Pick<FigureView, 'values'>,
  { scale, range }: Colouring,
  room: { readonly width: number; readonly height: number },
): CellPixels {
  const columns = shown.columns.length
  const rows = shown.rows.length
  const width = Math.max(1, Math.min(columns, Math.floor(room.width)))
  const height = Math.max(1, Math.min(rows, Math.floor(room.height)))
  const strongest = poolCells(shown, values, scale, width, height)
  const rgba = new Uint8ClampedArray(4 * width * height)
  const pixels = new Uint32Array(rgba.buffer)
  const colours = packedColours(scale)
  const [low, high] = range
  const perUnit = (LEVELS - 1) / (high - low)
  for (let i = 0; i < strongest.length; i++) {
    const value = strongest[i] ?? Number.NaN
    if (Number.isNaN(value)) continue
    const level = Math.round((value - low) * perUnit)
    pixels[i] = colours[level < 0 ? 0 : level > LEVELS - 1 ? LEVELS - 1 : level] ?? 0
  }
  return { width, height, rgba, pooled: width < columns || height < rows }
}

/** The value that each pixel shows, NaN for none. Ten times a second over 131,072 cells: nothing is called for each. */
function poolCells(
  shown: Shown,
  values: Float32Array, // [y.ticks · x.ticks]
  scale: Scale,
  width: number,
  height: number,
): Float32Array {
  const found = new Float32Array(width * height).fill(Number.NaN)
  const diverges = scale === 'diverging'
  const columns = shown.columns.length
  const rows = shown.rows.length
  // A cell's index is the sum of what its row and its column give, whichever axis runs across.
  const origin = cellAt(shown, 0, 0)
  const ofColumn = Int32Array.from({ length: columns }, (_, column) => cellAt(shown, column, 0) - origin)
  const pixelOf = Int32Array.from({ length: columns }, (_, column) => Math.floor((column * width) / columns))
  for (let row = 0; row < rows; row++) {
    const ofRow = cellAt(shown, 0, row)
    const line = Math.floor((row * height) / rows) * width
    for (let column = 0; column < columns; column++) {
      const value = values[ofRow + (ofColumn[column] ?? 0)] ?? Number.NaN
      const pixel = line + (pixelOf[column] ?? 0)
      const before = found[pixel] ?? Number.NaN
      // A comparison with NaN is false: so is the negation of "not stronger" where nothing was before.
      if (diverges ? !(Math.abs(value) <= Math.abs(before)) : !(value <= before)) {
        if (!Number.isNaN(value)) found[pixel] = value
      }
    }
  }
  return found
}

/**
 * The cell that is seen at a point: where a pixel stands for several cells, the one whose colour it has.
 *
 * @param x, y CSS pixels from the left and top of the cells
 */
export function cellSeenAt(
  shown: Shown,
  { values }: Pick<FigureView, 'values'>,
  scale: Scale,
  size: { readonly innerWidth: number; readonly innerHeight: number },
  at: { readonly x: number; readonly y: number },
): number | null {
  const columns = cellsUnder(at.x, size.innerWidth, shown.columns.length)
  const rows = cellsUnder(at.y, size.innerHeight, shown.rows.length)
  if (columns === null || rows === null) return null
  let best = cellAt(shown, columns.first, rows.first)
  for (let row = rows.first; row <= rows.last; row++) {
    for (let column = columns.first; column <= columns.last; column++) {
      const cell = cellAt(shown, column, row)
      if (isStronger(values[cell] ?? Number.NaN, values[best] ?? Number.NaN, scale)) best = cell
    }
  }
  return best
}

/** Whether a pixel that may show either shows `value` and not `before`. */
function isStronger(value: number, before: number, scale: Scale): boolean {
  if (Number.isNaN(before)) return !Number.isNaN(value)
  return scale === 'diverging' ? Math.abs(value) > Math.abs(before) : value > before
}

function cellsUnder(at: number, room: number, count: number): { readonly first: number; readonly last: number } | null {
  if (at < 0 || at >= room || count === 0) return null
  if (count <= room) {
    const cell = Math.floor((at / room) * count)
    return { first: cell, last: cell }
  }
  const pixel = Math.floor(at)
  return { first: Math.ceil((pixel * count) / room), last: Math.ceil(((pixel + 1) * count) / room) - 1 }
}

const packed = new Map<Scale, Uint32Array>()

/** Colours as an ImageData holds them: alpha highest, since browsers run on little-endian machines. */
function packedColours(scale: Scale): Uint32Array {
  const known = packed.get(scale)
  if (known !== undefined) return known
  const colours = Uint32Array.from({ length: LEVELS }, (_, level) => {
    const rgb = Number.parseInt(colourAt(scale, level / (LEVELS - 1)).slice(1), 16)
    const [r, g, b] = [rgb >> 16, (rgb >> 8) & 255, rgb & 255]
    return ((255 << 24) | (b << 16) | (g << 8) | r) >>> 0
  })
  packed.set(scale, colours)
  return colours
}
