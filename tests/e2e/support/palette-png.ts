/**
 * A screenshot with at most 256 colours, a byte a pixel: a third of the size, and the same to the eye,
 * since a page has few colours besides its heatmaps'. Colours that occur most stay exact; the others take
 * the nearest of these. It reads what Chromium writes: 8 bits, RGB or RGBA, not interlaced.
 */
import { crc32, deflateSync, inflateSync } from 'node:zlib'

const SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])
const MOST = 256

export function withPalette(png: Buffer): Buffer {
  const { width, height, pixels } = decode(png)
  const counts = new Map<number, number>()
  for (const colour of pixels) counts.set(colour, (counts.get(colour) ?? 0) + 1)
  const palette = choose(counts)
  const places = new Map(palette.map((colour, place) => [colour, place]))
  for (const colour of counts.keys()) if (!places.has(colour)) places.set(colour, nearest(colour, palette))
  const raw = Buffer.alloc((width + 1) * height)
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) raw[y * (width + 1) + 1 + x] = places.get(pixels[y * width + x] ?? 0) ?? 0
  }
  const header = Buffer.alloc(13)
  header.writeUInt32BE(width, 0)
  header.writeUInt32BE(height, 4)
  header.set([8, 3, 0, 0, 0], 8)
  const colours = Buffer.from(palette.flatMap(colour => [colour >> 16, (colour >> 8) & 255, colour & 255]))
  return Buffer.concat([
    SIGNATURE,
    chunk('IHDR', header),
    chunk('PLTE', colours),
    chunk('IDAT', deflateSync(raw, { level: 9 })),
    chunk('IEND', Buffer.alloc(0)),
  ])
}

/** The commonest half as they are; of the rest those that are farthest from what is there already. */
function choose(counts: ReadonlyMap<number, number>): readonly number[] {
  const byCount = [...counts].sort((a, b) => b[1] - a[1]).map(([colour]) => colour)
  if (byCount.length <= MOST) return byCount
  const chosen = byCount.slice(0, MOST / 2)
  const rest = byCount.slice(MOST / 2)
  const gaps = rest.map(colour => distance(colour, chosen[nearest(colour, chosen)] ?? 0))
  while (chosen.length < MOST) {
    const worst = gaps.reduce((most, gap, i) => (gap > (gaps[most] ?? 0) ? i : most), 0)
    const colour = rest[worst] ?? 0
    chosen.push(colour)
    rest.forEach((other, i) => {
      gaps[i] = Math.min(gaps[i] ?? 0, distance(other, colour))
    })
  }
  return chosen
}

function nearest(colour: number, palette: readonly number[]): number {
  let best = 0
  let least = Number.POSITIVE_INFINITY
  palette.forEach((other, place) => {
    const far = distance(colour, other)
    if (far < least) [least, best] = [far, place]
  })
  return best
}

function distance(a: number, b: number): number {
  const red = (a >> 16) - (b >> 16)
  const green = ((a >> 8) & 255) - ((b >> 8) & 255)
  const blue = (a & 255) - (b & 255)
  return red * red + green * green + blue * blue
}

interface Decoded {
  readonly width: number
  readonly height: number
  /** 0xRRGGBB. */
  readonly pixels: Uint32Array // [height · width]
}

function decode(png: Buffer): Decoded {
  const width = png.readUInt32BE(16)
  const height = png.readUInt32BE(20)
  const channels = png[25] === 6 ? 4 : 3
  const parts: Buffer[] = []
  for (let at = SIGNATURE.length; at < png.length; ) {
    const length = png.readUInt32BE(at)
    if (png.toString('latin1', at + 4, at + 8) === 'IDAT') parts.push(png.subarray(at + 8, at + 8 + length))
    at += 12 + length
  }
  const raw = inflateSync(Buffer.concat(parts))
  const stride = width * channels
  let before = new Uint8Array(stride)
  const pixels = new Uint32Array(width * height)
  for (let y = 0; y < height; y++) {
    const start = y * (stride + 1)
    const line = unfiltered(raw[start] ?? 0, raw.subarray(start + 1, start + 1 + stride), before, channels)
    for (let x = 0; x < width; x++) {
      const at = x * channels
      pixels[y * width + x] = ((line[at] ?? 0) << 16) | ((line[at + 1] ?? 0) << 8) | (line[at + 2] ?? 0)
    }
    before = line
  }
  return { width, height, pixels }
}

/** One line of pixels, its filter undone (PNG specification, section 9.2). */
function unfiltered(filter: number, line: Uint8Array, above: Uint8Array, channels: number): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(line.length)
  for (let i = 0; i < line.length; i++) {
    const left = i < channels ? 0 : (out[i - channels] ?? 0)
    const up = above[i] ?? 0
    const corner = i < channels ? 0 : (above[i - channels] ?? 0)
    const guess = [0, left, up, (left + up) >> 1, paeth(left, up, corner)][filter] ?? 0
    out[i] = (line[i] ?? 0) + guess
  }
  return out
}

function paeth(left: number, up: number, corner: number): number {
  const base = left + up - corner
  const [a, b, c] = [Math.abs(base - left), Math.abs(base - up), Math.abs(base - corner)]
  if (a <= b && a <= c) return left
  return b <= c ? up : corner
}

function chunk(kind: string, body: Buffer): Buffer {
  const content = Buffer.concat([Buffer.from(kind, 'latin1'), body])
  const length = Buffer.alloc(4)
  length.writeUInt32BE(body.length)
  const check = Buffer.alloc(4)
  check.writeUInt32BE(crc32(content))
  return Buffer.concat([length, content, check])
}
