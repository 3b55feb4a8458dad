import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import * as tf from '@tensorflow/tfjs-core'
import { beforeAll, describe, expect, it } from 'vitest'
import { createBlasBackend } from '../../../engine/backends/blas.ts'
import { findBlas } from '../../../engine/backends/libraries.ts'
import { openOneDnn } from '../../../engine/backends/onednn/api.ts'
import { Float32Products } from '../../../engine/backends/onednn/float32-products.ts'
import { openOperations } from '../../../engine/backends/onednn/operations.ts'
import type { Backend } from '../../../engine/backends/types.ts'
import { wasmRuntime } from '../../../engine/backends/wasm-runtime.ts'
import { expectClose } from '../../support/close.ts'
import { randomValues } from '../../support/random.ts'
import { expectNoTensorLeaks } from '../../support/tensors.ts'
import { backendContract, linearByLoop, randomWeight } from './contract.ts'

/** See contract.ts. */
const PRODUCT = { rtol: 1e-5, atol: 2e-6 }

function reasonForNoLibrary(): string | undefined {
  try {
    findBlas()
    return undefined
  } catch (error) {
    return String(error)
  }
}

const missing = reasonForNoLibrary()

it('no library was found and then refused', () => {
  expect(missing ?? '').not.toMatch(/test product/)
})

describe.skipIf(missing !== undefined)(`with a native library${missing === undefined ? '' : `: ${missing}`}`, () => {
  let backend: Backend
  beforeAll(async () => {
    backend = await createBlasBackend()
  })
  expectNoTensorLeaks()

  backendContract(() => backend)

  it('names its library', () => {
    expect(backend.library).toMatch(/^(oneDNN|MKL|OpenBLAS|Accelerate).*\(.+\)$/)
  })

  it('reads the heap where it is after it grew', async () => {
    const runtime = await wasmRuntime()
    // An output of 32 MiB: the heap grows between the input and the product.
    const weight = randomWeight(2 ** 16, 1)
    const values = randomValues(128, 7)
    const x = tf.tensor2d(values, [128, 1])
    const expected = linearByLoop(values, 128, weight)
    const before = runtime.heapBytes()
    const outputs: tf.Tensor[] = []
    while (runtime.heapBytes() === before) outputs.push(backend.linear(x, weight))
    for (const y of outputs) expectClose(backend.view(y), expected, PRODUCT)
    tf.dispose([x, ...outputs])
  })

  it('gates and takes softmax as tfjs does, small and large, in place and of a clone', () => {
    const { native } = backend
    if (native === null) return expect(backend.library).not.toContain('oneDNN')
    for (const [rows, columns] of [
      [3, 5],
      [67, 1031],
    ] as const) {
      const values = randomValues(rows * columns, 11).map(x => 8 * x)
      const other = randomValues(rows * columns, 12)
      // What attention hides, and a number that is none: they stay in their rows.
      const scores = values.slice()
      scores.fill(Number.NEGATIVE_INFINITY, columns + 1, 2 * columns)
      scores[2 * columns + 4] = Number.NaN
      tf.tidy(() => {
        const make = (from: Float32Array) => tf.tensor2d(from, [rows, columns])
        const expected = tf.mul(tf.mul(make(values), tf.sigmoid(make(values))), make(other))
        // The library's exponential is right to some four units in the last place.
        expectClose(native.gated(make(values), make(other)).dataSync(), expected.dataSync(), { rtol: 1e-6, atol: 1e-9 })
        const kept = make(scores)
        const shares = native.softmax(tf.clone(kept)).dataSync()
        expectClose(kept.dataSync(), scores, { atol: 0 })
        const clean = (from: ArrayLike<number>) => Float32Array.from(from).fill(0, 2 * columns, 3 * columns)
        expectClose(clean(shares), clean(tf.softmax(kept).dataSync()), { rtol: 5e-6, atol: 1e-9 })
        expect(shares[2 * columns + 4]).toBeNaN()
        expect(Array.from(shares.subarray(columns, columns + 2))).toEqual([1, 0])
      })
    }
  })

  it('multiplies large weights by few and by many rows, as stored and transposed', () => {
    for (const transposed of [false, true]) {
      const weight = randomWeight(530, 517, transposed)
      for (const rows of [1, 3, 20, 131])
        tf.tidy(() => {
          const values = randomValues(rows * 517, rows)
          const y = backend.linear(tf.tensor2d(values, [rows, 517]), weight)
          // Sums of twice as many terms as the contract's.
          expectClose(y.dataSync(), linearByLoop(values, rows, weight), { rtol: 1e-5, atol: 1e-5 })
        })
      backend.release(weight)
    }
  })

  it('gives back every object of the library, also of shapes that are used no more', () => {
    const { name, library } = findBlas()
    if (!name.startsWith('oneDNN')) return
    const own = openOneDnn(library)
    const [operations, products] = [openOperations(own), new Float32Products(own)]
    const shape = { inSize: 2, outSize: 2, transposed: false }
    const values = Float32Array.of(1, 2, 3, 4)
    for (let rows = 1; rows <= 300; rows++) {
      operations.apply('softmax', new Float32Array(rows * 2), rows, 2)
      products.multiply(new Float32Array(rows * 2), rows, shape, values, new Float32Array(rows * 2))
    }
    // 256 of each at most: three objects of an operation, four of a product.
    expect(own.live()).toBe(256 * 3 + 256 * 4)
    operations.end()
    products.dispose()
    expect(own.live()).toBe(0)
  })

  it('keeps float32 products float32, whatever a profile says of oneDNN', { timeout: 60_000 }, async () => {
    if (!findBlas().name.startsWith('oneDNN')) return
    const at = (path: string) => new URL(`../../../engine/backends/${path}`, import.meta.url).href
    const script = `
      import { createBlasBackend } from '${at('blas.ts')}'
      import { findBlas } from '${at('libraries.ts')}'
      const modeOf = findBlas().library.func('dnnl_get_default_fpmath_mode', 'int', ['_Out_ int *'])
      const mode = () => { const out = [-1]; modeOf(out); return out[0] }
      const before = mode()
      await createBlasBackend()
      console.log(before, mode())`
    const { stdout } = await promisify(execFile)(
      process.execPath,
      ['--import', 'tsx', '--input-type=module', '-e', script],
      {
        env: { ...process.env, ONEDNN_DEFAULT_FPMATH_MODE: 'BF16' },
      },
    )
    // dnnl_fpmath_mode_bf16, then strict
    expect(stdout).toBe('1 0\n')
  })

  it('leaves weights in host memory: the heap does not grow by them', async () => {
    const runtime = await wasmRuntime()
    const weight = { name: 'large', outSize: 8192, inSize: 4096, transposed: false, data: new Float32Array(2 ** 25) }
    const x = tf.ones([1, 4096]) as tf.Tensor2D
    const before = runtime.heapBytes()
    backend.linear(x, weight).dispose()
    expect(runtime.heapBytes()).toBe(before)
    x.dispose()
  })
})
