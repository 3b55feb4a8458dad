/**
 * The number formats of safetensors: their widths, and how the ones we read become float32.
 *
 * Widening works inside the result's own memory: a 16-bit tensor of n values is read into the upper
 * half of the 4n bytes that the result takes, and widened from front to back. Value i is written to
 * bytes 4i..4i+3 and the first value not yet read lies at 2n + 2i + 2 >= 4i + 4, so nothing unread is
 * overwritten, no second buffer exists, and a chunk can be widened while the next is being read.
 *
 * NaN and infinity have all exponent bits set: adding one at the exponent's lowest bit then carries
 * into the sign bit (masked off before), so one OR over the chunk finds them without a branch a value.
 */
import { STORED_DTYPES, type StoredDtype } from './types.ts'

/** Every format that safetensors defines, in bits a value. */
const DTYPE_BITS: ReadonlyMap<string, number> = new Map([
  ['F4', 4],
  ['F6_E2M3', 6],
  ['F6_E3M2', 6],
  ['BOOL', 8],
  ['U8', 8],
  ['I8', 8],
  ['F8_E5M2', 8],
  ['F8_E4M3', 8],
  ['F8_E8M0', 8],
  ['U16', 16],
  ['I16', 16],
  ['F16', 16],
  ['BF16', 16],
  ['U32', 32],
  ['I32', 32],
  ['F32', 32],
  ['U64', 64],
  ['I64', 64],
  ['F64', 64],
  ['C64', 64],
])

/** Bits a value, or undefined if safetensors has no such format. */
export function dtypeBits(dtype: string): number | undefined {
  return DTYPE_BITS.get(dtype)
}

export function isStoredDtype(dtype: string): dtype is StoredDtype {
  return STORED_DTYPES.some(known => known === dtype)
}

/** Whether any of the float32 values, given as bits, is NaN or infinite. */
function anyNonFinite32(bits: Uint32Array): boolean {
  let carry = 0
  for (let i = 0; i < bits.length; i++) carry |= ((bits[i] ?? 0) & 0x7f800000) + 0x00800000
  return carry < 0
}

/**
 * bfloat16 is the upper half of float32: a shift widens it. Values go two at a time as one 32-bit word
 * (little-endian: the first value is the lower half); an odd first value goes alone, to align the words.
 */
function widenBfloat16(buffer: ArrayBuffer, source: number, target: number, count: number): boolean {
  let carry = 0
  let first = 0
  const out = new Uint32Array(buffer, target, count)
  if (source % 4 !== 0) {
    const half = new Uint16Array(buffer, source, 1)[0] ?? 0
    carry |= (half & 0x7f80) + 0x0080
    out[0] = half << 16
    first = 1
  }
  const pairs = (count - first) >> 1
  const words = new Uint32Array(buffer, source + 2 * first, pairs)
  for (let p = 0, o = first; p < pairs; p++, o += 2) {
    const word = words[p] ?? 0
    carry |= (word & 0x7f807f80) + 0x00800080
    out[o] = word << 16
    out[o + 1] = word & 0xffff0000
  }
  if ((count - first) % 2 === 1) {
    const half = new Uint16Array(buffer, source + 2 * (count - 1), 1)[0] ?? 0
    carry |= (half & 0x7f80) + 0x0080
    out[count - 1] = half << 16
  }
  return (carry & 0x80008000) !== 0
}

/** The float32 bits of each of the 65,536 values of float16. Made on first use: most checkpoints have none. */
let float16Table: Uint32Array | null = null

function float16Bits(): Uint32Array {
  if (float16Table !== null) return float16Table
  const table = new Uint32Array(65_536)
  for (let half = 0; half < 65_536; half++) {
    const sign = (half & 0x8000) << 16
    const exponent = (half >> 10) & 0x1f
    const fraction = half & 0x3ff
    if (exponent === 0x1f) table[half] = sign | 0x7f800000 | (fraction << 13)
    else if (exponent > 0) table[half] = sign | ((exponent + 112) << 23) | (fraction << 13)
    else if (fraction === 0) table[half] = sign
    else {
      // Subnormal: the leading one of the fraction becomes the implicit one, each place a smaller exponent.
      const shift = Math.clz32(fraction) - 21
      table[half] = sign | ((113 - shift) << 23) | (((fraction << shift) & 0x3ff) << 13)
    }
  }
  float16Table = table
  return table
}

function widenFloat16(buffer: ArrayBuffer, source: number, target: number, count: number): boolean {
  const table = float16Bits()
  const halves = new Uint16Array(buffer, source, count)
  const out = new Uint32Array(buffer, target, count)
  let carry = 0
  for (let i = 0; i < count; i++) {
    const half = halves[i] ?? 0
    carry |= (half & 0x7c00) + 0x0400
    out[i] = table[half] ?? 0
  }
  return (carry & 0x8000) !== 0
}

/**
 * Widens `count` values that lie at byte `source` of `buffer` to float32 at byte `target` of the same buffer,
 * front to back (see the header for when they may overlap). F32 stays where it is: source and target must agree.
 * @returns whether any value is NaN or infinite.
 */
export function widen(dtype: StoredDtype, buffer: ArrayBuffer, source: number, target: number, count: number): boolean {
  if (count === 0) return false
  if (dtype === 'BF16') return widenBfloat16(buffer, source, target, count)
  if (dtype === 'F16') return widenFloat16(buffer, source, target, count)
  return anyNonFinite32(new Uint32Array(buffer, target, count))
}

/** Whether any of the bfloat16 values, given as bits, is NaN or infinite. */
export function anyNonFiniteBfloat16(bits: Uint16Array): boolean {
  let carry = 0
  for (let i = 0; i < bits.length; i++) carry |= ((bits[i] ?? 0) & 0x7f80) + 0x0080
  return (carry & 0x8000) !== 0
}

/** float32 to bfloat16, to the nearest and ties to even; NaN stays NaN. */
export function narrowToBfloat16(values: Float32Array): Uint16Array {
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length)
  const out = new Uint16Array(values.length)
  for (let i = 0; i < bits.length; i++) {
    const word = bits[i] ?? 0
    const nan = (word & 0x7fffffff) > 0x7f800000
    out[i] = nan ? (word >>> 16) | 0x40 : (word + 0x7fff + ((word >>> 16) & 1)) >>> 16
  }
  return out
}
