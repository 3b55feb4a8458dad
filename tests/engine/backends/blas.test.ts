import * as tf from '@tensorflow/tfjs-core'
import { beforeAll, describe, expect, it } from 'vitest'
import { createBlasBackend } from '../../../engine/backends/blas.ts'
import { findBlas } from '../../../engine/backends/libraries.ts'
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
