/**
 * What every backend owes the engine (engine/backends/types.ts), as tests. Each backend has a test
 * file that calls this: files run in processes of their own, and a process has one active backend.
 */
import * as tf from '@tensorflow/tfjs-core'
import { describe, expect, it } from 'vitest'
import type { Backend, Weight } from '../../../engine/backends/types.ts'
import { expectClose } from '../../support/close.ts'
import { randomValues } from '../../support/random.ts'

/** float32 rounds each of k additions by at most 2^-24 of sums that stay below k/3 here. */
const PRODUCT = { rtol: 1e-5, atol: 2e-6 }

let seed = 1

export function randomTensor<T extends tf.Tensor>(...shape: number[]): T {
  return tf.tensor(randomValues(tf.util.sizeFromShape(shape), seed++), shape) as T
}

export function randomWeight(outSize: number, inSize: number, transposed = false): Weight {
  const data = randomValues(outSize * inSize, seed++)
  return { name: `random ${outSize}×${inSize}`, outSize, inSize, data, transposed }
}

/** What a backend does to the factors of `linear` before it multiplies. */
export type Rounding = (values: Float32Array) => Float32Array

/** `x · Wᵀ` in float64, of rounded factors. */
export function linearByLoop(
  given: Float32Array,
  rows: number,
  weight: Weight,
  rounding: Rounding = values => values,
): Float64Array {
  const { inSize, outSize, transposed } = weight
  const [x, data] = [rounding(given), rounding(weight.data)]
  const out = new Float64Array(rows * outSize)
  for (let r = 0; r < rows; r++) {
    for (let o = 0; o < outSize; o++) {
      let sum = 0
      for (let i = 0; i < inSize; i++) {
        sum += (x[r * inSize + i] ?? 0) * (data[transposed ? i * outSize + o : o * inSize + i] ?? 0)
      }
      out[r * outSize + o] = sum
    }
  }
  return out
}

function matMulByLoop(a: tf.Tensor3D, b: tf.Tensor3D, transposeB: boolean): Float64Array {
  const [batch, m, k] = a.shape
  const n = transposeB ? b.shape[1] : b.shape[2]
  const [left, right] = [a.dataSync(), b.dataSync()]
  const out = new Float64Array(batch * m * n)
  for (let g = 0; g < batch; g++) {
    for (let r = 0; r < m; r++) {
      for (let c = 0; c < n; c++) {
        let sum = 0
        for (let i = 0; i < k; i++) {
          sum += (left[(g * m + r) * k + i] ?? 0) * (right[g * k * n + (transposeB ? c * k + i : i * n + c)] ?? 0)
        }
        out[(g * m + r) * n + c] = sum
      }
    }
  }
  return out
}

/** @param rounding for a backend whose products are of rounded factors; their sums are as exact as float32's */
export function backendContract(backend: () => Backend, rounding?: Rounding): void {
  describe('linear', () => {
    it.each([
      [1, 1, 1],
      [1, 7, 5],
      [3, 64, 33],
      [17, 129, 257],
      [128, 96, 50],
    ])('multiplies %i rows of %i by a weight of %i outputs, as stored and transposed', (rows, inSize, outSize) => {
      for (const transposed of [false, true]) {
        const weight = randomWeight(outSize, inSize, transposed)
        tf.tidy(() => {
          const x = randomTensor<tf.Tensor2D>(rows, inSize)
          const y = backend().linear(x, weight)
          expect(y.shape).toEqual([rows, outSize])
          expectClose(y.dataSync(), linearByLoop(x.dataSync<'float32'>(), rows, weight, rounding), PRODUCT)
        })
        backend().release(weight)
      }
    })

    it('takes no rows', () => {
      const weight = randomWeight(5, 7)
      tf.tidy(() => {
        const y = backend().linear(tf.tensor2d([], [0, 7]), weight)
        expect(y.shape).toEqual([0, 5])
        expect(y.dataSync()).toHaveLength(0)
      })
      backend().release(weight)
    })

    it('gives the same when a weight is used again, and after it was released', () => {
      const weight = randomWeight(40, 24)
      tf.tidy(() => {
        for (let round = 0; round < 4; round++) {
          if (round === 2) backend().release(weight)
          const x = randomTensor<tf.Tensor2D>(5, 24)
          expectClose(
            backend().linear(x, weight).dataSync(),
            linearByLoop(x.dataSync<'float32'>(), 5, weight, rounding),
            PRODUCT,
          )
        }
      })
      backend().release(weight)
    })

    it('tells weights with equal values or equal sizes apart', () => {
      const weights = [randomWeight(16, 16), randomWeight(16, 16), randomWeight(8, 16)]
      tf.tidy(() => {
        const x = randomTensor<tf.Tensor2D>(3, 16)
        for (const weight of [...weights, ...weights]) {
          expectClose(
            backend().linear(x, weight).dataSync(),
            linearByLoop(x.dataSync<'float32'>(), 3, weight, rounding),
            PRODUCT,
          )
        }
      })
      for (const weight of weights) backend().release(weight)
    })

    it('lets NaN and infinity through to their row, and to no other', () => {
      const weight = randomWeight(9, 4)
      tf.tidy(() => {
        const x = tf.tensor2d([1, Number.NaN, 1, 1, 1, 1, 1, 1, 1, Number.POSITIVE_INFINITY, 1, 1], [3, 4])
        expectClose(
          backend().linear(x, weight).dataSync(),
          linearByLoop(x.dataSync<'float32'>(), 3, weight, rounding),
          PRODUCT,
        )
      })
      backend().release(weight)
    })

    it('refuses a wrong width', () => {
      const weight = randomWeight(5, 7)
      tf.tidy(() => {
        const x = randomTensor<tf.Tensor2D>(2, 8)
        expect(() => backend().linear(x, weight)).toThrow(/expected float32 \[rows, 7\].*got float32 \[2, 8\]/)
      })
    })
  })

  describe('matMul', () => {
    it.each([
      [1, 1, 1, 1],
      [1, 5, 7, 3],
      [1, 64, 64, 64],
      [4, 1, 64, 20],
      [32, 3, 8, 20],
      [6, 40, 33, 50],
    ])('multiplies %i pairs of %i×%i by %i columns, plain and with b transposed', (batch, m, k, n) => {
      for (const transposeB of [false, true]) {
        tf.tidy(() => {
          const a = randomTensor<tf.Tensor3D>(batch, m, k)
          const b = randomTensor<tf.Tensor3D>(batch, transposeB ? n : k, transposeB ? k : n)
          const c = backend().matMul(a, b, transposeB)
          expect(c.shape).toEqual([batch, m, n])
          expectClose(c.dataSync(), matMulByLoop(a, b, transposeB), PRODUCT)
        })
      }
    })

    it.each([
      [0, 2, 3, 4],
      [2, 0, 3, 4],
      [2, 3, 4, 0],
      [2, 3, 0, 4],
    ])('takes sizes of zero: %i, %i, %i, %i', (batch, m, k, n) => {
      tf.tidy(() => {
        const c = backend().matMul(tf.zeros([batch, m, k]), tf.zeros([batch, k, n]), false)
        expect(c.shape).toEqual([batch, m, n])
        expectClose(c.dataSync(), new Float32Array(batch * m * n), {})
      })
    })

    it('sees changed values of a right-hand matrix, and its new shape', () => {
      // One matrix and many, small and larger: they go different ways below.
      for (const [batch, m] of [
        [1, 10],
        [1, 40],
        [3, 10],
        [3, 40],
      ] as const) {
        tf.tidy(() => {
          const a = randomTensor<tf.Tensor3D>(batch, m, 12)
          let b = randomTensor<tf.Tensor3D>(batch, 12, m)
          for (let round = 0; round < 3; round++) {
            if (round > 0) b = backend().edit(b, values => values.reverse())
            expectClose(backend().matMul(a, b, false).dataSync(), matMulByLoop(a, b, false), PRODUCT)
          }
          const wide = tf.reshape(a, [batch, m / 5, 60]) as tf.Tensor3D
          const tall = tf.reshape(b, [batch, 60, m / 5]) as tf.Tensor3D
          expectClose(backend().matMul(wide, tall, false).dataSync(), matMulByLoop(wide, tall, false), PRODUCT)
        })
      }
    })

    it('makes one tensor and no more, outside a tidy too', () => {
      const a = randomTensor<tf.Tensor3D>(2, 40, 12)
      for (const transposeB of [false, true]) {
        const b = randomTensor<tf.Tensor3D>(2, transposeB ? 40 : 12, transposeB ? 12 : 40)
        const before = tf.memory().numTensors
        const c = backend().matMul(a, b, transposeB)
        expect(tf.memory().numTensors).toBe(before + 1)
        tf.dispose([b, c])
      }
      a.dispose()
    })

    it("keeps tfjs's own product right after an edit and a reshape", () => {
      tf.tidy(() => {
        const a = randomTensor<tf.Tensor3D>(1, 10, 12)
        let b = randomTensor<tf.Tensor3D>(1, 12, 10)
        tf.matMul(a, b)
        b = backend().edit(b, values => values.fill(0.5))
        expectClose(tf.matMul(a, b).dataSync(), matMulByLoop(a, b, false), PRODUCT)
        const wide = tf.reshape(a, [1, 2, 60]) as tf.Tensor3D
        const tall = tf.reshape(b, [1, 60, 2]) as tf.Tensor3D
        expectClose(tf.matMul(wide, tall).dataSync(), matMulByLoop(wide, tall, false), PRODUCT)
      })
    })

    it('never takes a gone matrix for a new one in its place', () => {
      for (let round = 0; round < 20; round++) {
        tf.tidy(() => {
          const a = randomTensor<tf.Tensor3D>(1, 40, 12)
          const b = randomTensor<tf.Tensor3D>(1, 12, 30)
          expectClose(backend().matMul(a, b, false).dataSync(), matMulByLoop(a, b, false), PRODUCT)
        })
      }
    })

    it('refuses pairs that do not fit', () => {
      tf.tidy(() => {
        const a = randomTensor<tf.Tensor3D>(2, 3, 4)
        const b = randomTensor<tf.Tensor3D>(2, 5, 4)
        expect(() => backend().matMul(a, b, false)).toThrow(/expected float32 \[2, 4, n\].*got float32 \[2, 5, 4\]/)
      })
    })
  })

  describe('view and edit', () => {
    it('views the values of a tensor', () => {
      tf.tidy(() => {
        const x = tf.tensor1d([1, 2, 3])
        expectClose(backend().view(x), [1, 2, 3], {})
        expectClose(backend().view(tf.add(x, 1)), [2, 3, 4], {})
      })
    })

    it('edits values for every later op', () => {
      tf.tidy(() => {
        let x = tf.tensor1d([1, 2, 3])
        x = backend().edit(x, values => {
          values[1] = 20
        })
        expectClose(x.dataSync(), [1, 20, 3], {})
        expectClose(tf.mul(x, 2).dataSync(), [2, 40, 6], {})
      })
    })

    it('leaves clones and reshapes of an edited tensor alone', () => {
      tf.tidy(() => {
        const x = tf.tensor1d([1, 2, 3, 4])
        const clone = x.clone()
        const square = tf.reshape(x, [2, 2])
        const edited = backend().edit(square, values => values.fill(0))
        expectClose(edited.dataSync(), [0, 0, 0, 0], {})
        expectClose(x.dataSync(), [1, 2, 3, 4], {})
        expectClose(clone.dataSync(), [1, 2, 3, 4], {})
      })
    })

    it('refuses a view of other than float32', () => {
      tf.tidy(() => {
        expect(() => backend().view(tf.tensor1d([1], 'int32'))).toThrow(/float32/)
      })
    })
  })

  it('goes on working after dispose', () => {
    const weight = randomWeight(6, 6)
    tf.tidy(() => {
      const x = randomTensor<tf.Tensor2D>(2, 6)
      backend().linear(x, weight)
      backend().dispose()
      expectClose(
        backend().linear(x, weight).dataSync(),
        linearByLoop(x.dataSync<'float32'>(), 2, weight, rounding),
        PRODUCT,
      )
    })
    backend().dispose()
  })
}
