/**
 * A figure's values as a NumPy array: format 1.0 of `.npy`, float64, C order, shape (y, x). The format
 * is ten bytes and a line of text, so it is written here.
 */
import type { RunFigure } from '../picture.ts'

const MAGIC = Buffer.from([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0])
/** The data begins at a multiple of this. */
const ALIGNMENT = 64

export function npy({ spec, values }: RunFigure): Buffer {
  const shape = `(${spec.y.ticks.length}, ${spec.x.ticks.length})`
  const words = `{'descr': '<f8', 'fortran_order': False, 'shape': ${shape}, }`
  const length = Math.ceil((MAGIC.length + 2 + words.length + 1) / ALIGNMENT) * ALIGNMENT
  const header = `${words.padEnd(length - MAGIC.length - 3)}\n`
  const size = Buffer.alloc(2)
  size.writeUInt16LE(header.length)
  const data = Buffer.alloc(values.length * 8)
  values.forEach((value, i) => {
    data.writeDoubleLE(value, i * 8)
  })
  return Buffer.concat([MAGIC, size, Buffer.from(header, 'latin1'), data])
}
