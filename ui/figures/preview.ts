/**
 * A figure at a glance, for lists: a pixel a cell on the figure's own colour scale, as a PNG of about a
 * kilobyte. Of a figure with more cells than pixels, each pixel shows the strongest of its cells, so
 * that a single neuron among thousands still shows. Cells without a value are clear.
 */
import { crc32, deflateSync } from 'node:zlib'
import type { RunSnapshot } from '../../studies/runs/events.ts'
import { colourAt, colourRange } from './colours.ts'

const MAX_WIDTH = 96
const MAX_HEIGHT = 54
const SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])
const RGBA = 6
/** Even, so that the middle of a scale, zero, has a shade of its own. */
const SHADES = 254

/** A clear pixel where there is no figure yet. */
export function previewPng(figure: RunSnapshot['figures'][number] | null): Buffer {
  if (figure === null || figure.values.length === 0) return encode(1, 1, Buffer.alloc(4))
  const { spec, values } = figure
  const columns = spec.x.ticks.length
  const rows = spec.y.ticks.length
  const width = Math.min(columns, MAX_WIDTH)
  const height = Math.min(rows, MAX_HEIGHT)
  const shown = strongest(values, { columns, rows, width, height })
  const [low, high] = colourRange(spec.scale, values)
  const shades = Array.from({ length: SHADES + 1 }, (_, i) =>
    Buffer.from(`${colourAt(spec.scale, i / SHADES).slice(1)}ff`, 'hex'),
  )
  const pixels = Buffer.alloc(4 * width * height)
  shown.forEach((value, i) => {
    if (Number.isNaN(value)) return
    const at = Math.min(1, Math.max(0, (value - low) / (high - low)))
    shades[Math.round(at * SHADES)]?.copy(pixels, 4 * i)
  })
  return encode(width, height, pixels)
}

interface Grid {
  readonly columns: number
  readonly rows: number
  readonly width: number
  readonly height: number
}

/** For each pixel the value that is furthest from zero among its cells; NaN where none has one. */
function strongest(values: Float64Array, { columns, rows, width, height }: Grid): Float64Array {
  const shown = new Float64Array(width * height).fill(Number.NaN)
  for (let row = 0; row < rows; row++) {
    const top = Math.floor((row * height) / rows) * width
    for (let column = 0; column < columns; column++) {
      const value = values[row * columns + column] ?? Number.NaN
      const pixel = top + Math.floor((column * width) / columns)
      const before = shown[pixel] ?? Number.NaN
      if (Number.isNaN(before) || Math.abs(value) > Math.abs(before)) shown[pixel] = value
    }
  }
  return shown
}

/** @param pixels red, green, blue, opacity of each, row by row */
function encode(width: number, height: number, pixels: Buffer): Buffer {
  const header = Buffer.alloc(13)
  header.writeUInt32BE(width, 0)
  header.writeUInt32BE(height, 4)
  header.set([8, RGBA], 8)
  // Each row begins with the number of its filter: 0, none.
  const rows = Array.from({ length: height }, (_, y) =>
    Buffer.concat([Buffer.alloc(1), pixels.subarray(4 * width * y, 4 * width * (y + 1))]),
  )
  const data = deflateSync(Buffer.concat(rows))
  return Buffer.concat([SIGNATURE, chunk('IHDR', header), chunk('IDAT', data), chunk('IEND', Buffer.alloc(0))])
}

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data])
  const length = Buffer.alloc(4)
  const check = Buffer.alloc(4)
  length.writeUInt32BE(data.length)
  check.writeUInt32BE(crc32(body))
  return Buffer.concat([length, body, check])
}
