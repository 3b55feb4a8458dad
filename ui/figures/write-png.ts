/**
 * A scene as PNG at a print resolution, drawn by resvg (WebAssembly: one file for every platform) from
 * outlines, so that it needs no font of the machine. The file says its resolution, so that it is placed
 * at the right size.
 */
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { crc32 } from 'node:zlib'
import { initWasm, Resvg } from '@resvg/resvg-wasm'
import { UsageError } from '../../engine/errors.ts'
import type { FontSet } from './fonts/font-set.ts'
import type { Scene } from './scene.ts'
import { sceneOutlines } from './write-svg.ts'

const require = createRequire(import.meta.url)
/** 4 bytes each: 400 MB, what a machine of today spares. A page at 600 dpi has 33 million. */
const MAX_PIXELS = 100_000_000

let ready: Promise<void> | null = null

async function load(): Promise<void> {
  const wasm = await readFile(require.resolve('@resvg/resvg-wasm/index_bg.wasm'))
  await initWasm(wasm)
}

/** @throws UsageError if the picture would have too many pixels */
export async function scenePng(scene: Scene, fonts: FontSet, dpi: number): Promise<Buffer> {
  const width = Math.round((scene.width / 72) * dpi)
  const pixels = width * Math.round((scene.height / 72) * dpi)
  if (pixels > MAX_PIXELS) {
    throw new UsageError(
      `png: expected at most ${MAX_PIXELS / 1e6} million pixels, got ${Math.round(pixels / 1e6)} million; lower dpi or width, or take pdf`,
    )
  }
  ready ??= load()
  await ready
  const resvg = new Resvg(sceneOutlines(scene, fonts), { fitTo: { mode: 'width', value: width } })
  try {
    const image = resvg.render()
    try {
      return withDpi(Buffer.from(image.asPng()), dpi)
    } finally {
      image.free()
    }
  } finally {
    resvg.free()
  }
}

/** After the signature (8 bytes) and the IHDR chunk (25 bytes), a pHYs chunk with pixels a metre. */
const AFTER_HEADER = 33

function withDpi(png: Buffer, dpi: number): Buffer {
  const body = Buffer.alloc(13)
  const perMetre = Math.round(dpi / 0.0254)
  body.write('pHYs', 0, 'latin1')
  body.writeUInt32BE(perMetre, 4)
  body.writeUInt32BE(perMetre, 8)
  body.writeUInt8(1, 12)
  const length = Buffer.alloc(4)
  length.writeUInt32BE(body.length - 4)
  const check = Buffer.alloc(4)
  check.writeUInt32BE(crc32(body))
  return Buffer.concat([png.subarray(0, AFTER_HEADER), length, body, check, png.subarray(AFTER_HEADER)])
}
