import { describe, expect, it } from 'vitest'
import { openCheckpoint } from '../../../engine/checkpoint/open.ts'
import { model, safetensors } from './folders.ts'

/** float16 by its definition: sign, exponent with bias 15, ten bits of fraction. */
function float16(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1
  const exponent = (bits >> 10) & 31
  const fraction = (bits & 1023) / 1024
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN
  return exponent === 0 ? sign * 2 ** -14 * fraction : sign * 2 ** (exponent - 15) * (1 + fraction)
}

function bfloat16(bits: number): number {
  const view = new DataView(new ArrayBuffer(4))
  view.setUint16(0, bits)
  return view.getFloat32(0)
}

async function read(dtype: string, data: Uint8Array, values: number): Promise<Float32Array> {
  const header = { w: { dtype, shape: [values], data_offsets: [0, data.length] } }
  const checkpoint = await openCheckpoint(await model(safetensors(header, data)))
  try {
    return (await checkpoint.read('w')).data
  } finally {
    await checkpoint.close()
  }
}

const halves = Uint16Array.from({ length: 65_536 }, (_, bits) => bits)
const FORMATS = [
  ['F16', float16],
  ['BF16', bfloat16],
] as const

describe.each(FORMATS)('%s', (dtype, value) => {
  const finite = halves.filter(bits => Number.isFinite(value(bits)))
  const expected = Float32Array.from(finite, value)

  it('widens every finite value exactly, signs of zero too', async () => {
    const got = await read(dtype, new Uint8Array(finite.buffer), finite.length)
    expect(new Uint32Array(got.buffer)).toEqual(new Uint32Array(expected.buffer))
  })

  it.each([1, 2, 3, 4, 5, 6, 7, 1023])('widens %i values', async count => {
    const part = finite.slice(300, 300 + count)
    const got = await read(dtype, new Uint8Array(part.buffer), count)
    expect(got).toEqual(expected.slice(300, 300 + count))
  })

  // Around one and two chunks of a read, of even and odd length.
  it.each([2 ** 20 - 1, 2 ** 20, 2 ** 20 + 1, 2 ** 21 + 3])('widens %i values across chunks', async count => {
    const many = Uint16Array.from({ length: count }, (_, i) => finite[(i * 7) % finite.length] ?? 0)
    const got = await read(dtype, new Uint8Array(many.buffer), count)
    expect(got.length).toBe(count)
    const wrong = got.findIndex((each, i) => !Object.is(each, expected[(i * 7) % finite.length]))
    expect(wrong).toBe(-1)
  })

  const nonFinite = halves.filter(bits => !Number.isFinite(value(bits)))

  it.each([0, 1, 2, 6, 8])('refuses a value that is not finite at index %i of 9', async index => {
    for (const bits of [nonFinite[0] ?? 0, nonFinite.at(-1) ?? 0, nonFinite[1] ?? 0]) {
      const part = finite.slice(0, 9)
      part[index] = bits
      await expect(read(dtype, new Uint8Array(part.buffer), 9)).rejects.toThrow(
        `model.safetensors: tensor "w": expected finite weights, got ${value(bits)} at index ${index}`,
      )
    }
  })

  it('refuses every value that is not finite, in either half of a word', async () => {
    for (const bits of nonFinite.filter((_, i) => i % 37 === 0)) {
      await expect(read(dtype, new Uint8Array(Uint16Array.of(0, 0, bits, 0).buffer), 4)).rejects.toThrow('at index 2')
    }
  })

  it('names the first of several, in the second chunk', async () => {
    const many = new Uint16Array(2 ** 20 + 10)
    many[2 ** 20 + 4] = nonFinite[0] ?? 0
    many[2 ** 20 + 5] = nonFinite[0] ?? 0
    await expect(read(dtype, new Uint8Array(many.buffer), many.length)).rejects.toThrow(`at index ${2 ** 20 + 4}`)
  })
})

describe('F32', () => {
  it('is read as it is, also across chunks', async () => {
    const values = Float32Array.from({ length: 2 ** 20 + 3 }, (_, i) =>
      Math.fround(Math.sin(i) * 10 ** ((i % 70) - 35)),
    )
    const got = await read('F32', new Uint8Array(values.buffer), values.length)
    expect(got.length).toBe(values.length)
    expect(got.findIndex((each, i) => !Object.is(each, values[i]))).toBe(-1)
  })

  it.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])('refuses %f', async bad => {
    const values = Float32Array.of(3.4028234663852886e38, -0, 1e-45, bad, bad)
    await expect(read('F32', new Uint8Array(values.buffer), 5)).rejects.toThrow(`got ${bad} at index 3`)
  })
})
