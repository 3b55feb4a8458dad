/** bfloat16 weights through oneDNN. Where the library or the processor has none, only the refusal is tested. */
import * as tf from '@tensorflow/tfjs-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createBlasBackend } from '../../../engine/backends/blas.ts'
import { BF16 } from '../../../engine/backends/onednn/api.ts'
import { type Bfloat16Backend, createBfloat16Backend, findBfloat16 } from '../../../engine/backends/onednn/bfloat16.ts'
import type { Backend } from '../../../engine/backends/types.ts'
import { narrowToBfloat16 } from '../../../engine/checkpoint/dtype.ts'
import { BackendError } from '../../../engine/errors.ts'
import { expectClose } from '../../support/close.ts'
import { randomValues } from '../../support/random.ts'
import { expectNoTensorLeaks } from '../../support/tensors.ts'
import { backendContract, linearByLoop, randomTensor, randomWeight } from './contract.ts'

/** Factors are bfloat16, whose products float32 holds exactly; sums are float32's: see contract.ts. */
const PRODUCT = { rtol: 1e-5, atol: 2e-6 }

/** The nearest bfloat16, ties to even, as float32. */
function rounded(values: Float32Array): Float32Array {
  const bits = Uint32Array.from(narrowToBfloat16(values), half => half << 16)
  return new Float32Array(bits.buffer)
}

function refusal(): string | undefined {
  try {
    findBfloat16()
    return undefined
  } catch (error) {
    expect(error).toBeInstanceOf(BackendError)
    return error instanceof Error ? error.message : String(error)
  }
}

const missing = refusal()

it.skipIf(missing === undefined)('says what is missing, and what to do instead', () => {
  expect(missing).toMatch(/^(blas|--dtype bf16): expected .* got .*; /)
})

describe.skipIf(missing !== undefined)('bfloat16', () => {
  let float32: Backend
  let backend: Bfloat16Backend
  beforeAll(async () => {
    float32 = await createBlasBackend()
    backend = await createBfloat16Backend(float32)
  })
  expectNoTensorLeaks()
  afterAll(() => {
    backend.dispose()
    expect(backend.nativeObjects()).toBe(0)
  })

  backendContract(() => backend, rounded)

  it('names its format', () => {
    expect(backend.dtype).toBe('bf16')
    expect(float32.dtype).toBe('f32')
    expect(backend.library).toBe(float32.library)
  })

  it.each([
    ['float32', (values: Float32Array) => values],
    ['bfloat16', narrowToBfloat16],
  ] as const)('packs %s values, plain and transposed, for every number of rows', (_format, stored) => {
    for (const [inSize, outSize] of [
      [1, 1],
      [7, 5],
      [129, 257],
      [64, 192],
      [200, 1000],
    ] as const)
      for (const transposed of [false, true]) {
        const weight = randomWeight(outSize, inSize, transposed)
        const packed = backend.pack?.({ ...weight, data: stored(weight.data) })
        if (packed === undefined) throw new Error('expected a packed weight')
        for (const rows of [1, 2, 3, 15, 16, 17, 64, 100, 257])
          tf.tidy(() => {
            const x = randomTensor<tf.Tensor2D>(rows, inSize)
            const expected = linearByLoop(x.dataSync<'float32'>(), rows, weight, rounded)
            expectClose(backend.linear(x, packed).dataSync(), expected, PRODUCT)
          })
        expectClose(packed.data, rounded(weight.data), {})
        backend.release(packed)
      }
  })

  it('is multiplied by the fastest code for any number of rows, in the one layout it is packed in', () => {
    const library = findBfloat16()
    const before = library.live()
    for (const [inSize, outSize] of [
      [2048, 8192],
      [2048, 512],
      [192, 512],
      [64, 64],
    ] as const) {
      const packed = library.productOf(512, inSize, outSize, BF16)
      for (const rows of [1, 2, 7, 16, 33, 128, 300, 1024]) {
        const product = library.productWith(rows, inSize, outSize, BF16, packed.right)
        // The one that takes any layout would be a thousand times slower, and say nothing.
        const of = `${rows} rows, ${inSize} → ${outSize}`
        expect(product.implementation, of).not.toMatch(/ref/)
        // It leaves few rows to instructions.
        if (library.bfloat16 === 'matrix unit' && rows >= 16) expect(product.implementation, of).toMatch(/amx/)
        product.end()
      }
      packed.end()
    }
    expect(library.live()).toBe(before)
  })

  it('is as near to float32 as the rounding of two factors lets it be', () => {
    const weight = randomWeight(40, 300)
    tf.tidy(() => {
      const x = randomTensor<tf.Tensor2D>(9, 300)
      const values = x.dataSync<'float32'>()
      const exact = linearByLoop(values, 9, weight)
      const sizes = linearByLoop(values.map(Math.abs), 9, { ...weight, data: weight.data.map(Math.abs) })
      const got = backend.linear(x, weight).dataSync()
      // Half a unit in the last of 8 binary digits for each factor: 2^-9, twice.
      for (const [i, value] of got.entries())
        expect(Math.abs(value - (exact[i] ?? 0))).toBeLessThanOrEqual(2 ** -8 * (sizes[i] ?? 0) * 1.01)
      expect(Math.max(...got.map((value, i) => Math.abs(value - (exact[i] ?? 0))))).toBeGreaterThan(1e-4)
    })
    backend.release(weight)
  })

  it('multiplies a weight that is marked so as float32', () => {
    const weight = { ...randomWeight(8, 100), float32: true }
    tf.tidy(() => {
      const x = randomTensor<tf.Tensor2D>(5, 100)
      expectClose(backend.linear(x, weight).dataSync(), linearByLoop(x.dataSync<'float32'>(), 5, weight), PRODUCT)
    })
    backend.release(weight)
  })

  describe('what it holds', () => {
    const use = (weight: Parameters<Backend['linear']>[1], rows = 3) => {
      tf.tidy(() => void backend.linear(tf.ones([rows, weight.inSize]), weight))
    }

    it('a packed weight has one copy, which a release frees', () => {
      const weight = randomWeight(32, 32)
      backend.dispose()
      const before = backend.nativeObjects()
      const packed = backend.pack?.(weight)
      if (packed === undefined) throw new Error('expected a packed weight')
      use(packed)
      backend.dispose()
      expect(backend.nativeObjects()).toBe(before + 1)
      use(packed)
      backend.release(packed)
      backend.dispose()
      expect(backend.nativeObjects()).toBe(before)
      expect(() => use(packed)).toThrow(/^weights: expected random 32×32 to be in use, got it after it was given back/)
    })

    it('compiled products do not pile up', () => {
      backend.dispose()
      const weight = randomWeight(2, 2)
      for (let rows = 1; rows <= 256; rows++) use(weight, rows)
      const full = backend.nativeObjects()
      for (let rows = 257; rows <= 300; rows++) use(weight, rows)
      expect(backend.nativeObjects()).toBe(full)
      // One that was dropped is compiled again.
      tf.tidy(() => {
        const x = randomTensor<tf.Tensor2D>(1, 2)
        expectClose(
          backend.linear(x, weight).dataSync(),
          linearByLoop(x.dataSync<'float32'>(), 1, weight, rounded),
          PRODUCT,
        )
      })
      backend.release(weight)
    })

    it('half of what float32 takes', () => {
      const before = backend.packedBytes()
      const weight = randomWeight(320, 256)
      use(weight)
      expect(backend.packedBytes() - before).toBe(2 * 320 * 256)
      backend.release(weight)
      expect(backend.packedBytes()).toBe(before)
    })

    it('is as it was after a weight that could not be packed', () => {
      backend.dispose()
      const before = backend.nativeObjects()
      const weight = { ...randomWeight(4, 4), data: randomValues(15, 1) }
      expect(() => backend.pack?.(weight)).toThrow(/15 values for the 4×4/)
      expect(backend.nativeObjects()).toBe(before)
    })
  })
})
