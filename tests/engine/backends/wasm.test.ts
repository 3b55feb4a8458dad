import * as tf from '@tensorflow/tfjs-core'
import { beforeAll, describe, expect, it } from 'vitest'
import { createWasmBackend, type WasmBackend } from '../../../engine/backends/wasm.ts'
import { type WasmRuntime, wasmRuntime } from '../../../engine/backends/wasm-runtime.ts'
import { expectClose } from '../../support/close.ts'
import { randomValues } from '../../support/random.ts'
import { expectNoTensorLeaks } from '../../support/tensors.ts'
import { backendContract, linearByLoop, randomTensor, randomWeight } from './contract.ts'

/** See contract.ts. */
const PRODUCT = { rtol: 1e-5, atol: 2e-6 }
const MIB = 2 ** 20

const crashEvents = ['uncaughtException', 'unhandledRejection'] as const
const listenersBefore = new Map<string, number>()
let backend: WasmBackend
let runtime: WasmRuntime

beforeAll(async () => {
  for (const event of crashEvents) listenersBefore.set(event, process.listenerCount(event))
  runtime = await wasmRuntime()
  backend = await createWasmBackend()
})
expectNoTensorLeaks()

it('leaves uncaught errors to the process', () => {
  for (const event of crashEvents) expect(process.listenerCount(event)).toBe(listenersBefore.get(event))
})

backendContract(() => backend)

describe('the heap', () => {
  it('views and edits without a copy', () => {
    const x = tf.tensor1d([1, 2, 3])
    expect(backend.view(x).buffer).toBe(backend.view(x).buffer)
    const edited = backend.edit(x, values => values.fill(7))
    expect(edited).toBe(x)
    expectClose(backend.view(x), [7, 7, 7], {})
    x.dispose()
  })

  it('grows without losing tensors, packed weights or views taken afterwards', () => {
    const weight = randomWeight(20, 30)
    const values = randomValues(3 * 30, 7)
    const x = tf.tensor2d(values, [3, 30])
    const expected = linearByLoop(values, 3, weight)
    const before = runtime.heapBytes()
    const y = backend.linear(x, weight)
    expectClose(backend.view(y), expected, PRODUCT)
    const large: tf.Tensor[] = []
    while (runtime.heapBytes() === before) large.push(tf.zeros([8 * MIB]))
    expectClose(backend.view(x), values, {})
    expectClose(backend.view(y), expected, PRODUCT)
    const again = backend.linear(x, weight)
    expectClose(backend.view(again), expected, PRODUCT)
    backend.release(weight)
    tf.dispose([x, y, again, ...large])
  })

  it('says so when it is full, instead of writing over other tensors', () => {
    const x = tf.ones([16 * MIB])
    // Just below 4 GiB, where allocation fails, and at it, where the number of bytes would wrap to 0.
    for (const copies of [63, 64]) {
      expect(() => runtime.output([copies * 16 * MIB])).toThrow(/heap ends at 4 GB/)
      expect(() => tf.tidy(() => tf.tile(x, [copies]))).toThrow(/heap ends at 4 GB/)
    }
    expect(backend.view(x).every(value => value === 1)).toBe(true)
    x.dispose()
  })
})

describe('held weights', () => {
  it('are no tensors, and go when released', () => {
    const weights = [randomWeight(4, 4), randomWeight(4, 4)]
    tf.tidy(() => {
      const x = randomTensor<tf.Tensor2D>(1, 4)
      for (const weight of weights) backend.linear(x, weight)
    })
    expect(backend.heldWeights()).toBe(2)
    for (const weight of weights) backend.release(weight)
    expect(backend.heldWeights()).toBe(0)
  })

  it('stay within the budget: the one used longest ago goes first, and comes back right', async () => {
    // 64×64 float32 is 16 KiB and some: two fit into 40 KiB.
    const small = await createWasmBackend({ weightBudgetBytes: 40 * 1024 })
    const weights = [randomWeight(64, 64), randomWeight(64, 64), randomWeight(64, 64)] as const
    tf.tidy(() => {
      const x = randomTensor<tf.Tensor2D>(2, 64)
      for (const [step, index] of ([0, 1, 0, 2, 0, 1, 2, 2, 1] as const).entries()) {
        const weight = weights[index]
        expectClose(small.linear(x, weight).dataSync(), linearByLoop(x.dataSync<'float32'>(), 2, weight), PRODUCT)
        expect(small.heldWeights()).toBe(step === 0 ? 1 : 2)
      }
    })
    small.dispose()
    expect(small.heldWeights()).toBe(0)
  })

  it('may be larger than the budget, one at a time', async () => {
    const tiny = await createWasmBackend({ weightBudgetBytes: 1 })
    const weights = [randomWeight(8, 8), randomWeight(8, 8)]
    tf.tidy(() => {
      const x = randomTensor<tf.Tensor2D>(2, 8)
      for (const weight of weights) {
        expectClose(tiny.linear(x, weight).dataSync(), linearByLoop(x.dataSync<'float32'>(), 2, weight), PRODUCT)
        expect(tiny.heldWeights()).toBe(1)
      }
    })
    tiny.dispose()
  })

  it('give their memory back', async () => {
    // 16 MiB a weight: fifteen of them would grow the heap by far more than one.
    const weight = { name: 'large', outSize: 2048, inSize: 2048, transposed: true, data: new Float32Array(4 * MIB) }
    const x = tf.ones([1, 2048]) as tf.Tensor2D
    const use = () => {
      backend.linear(x, weight).dispose()
      backend.release(weight)
    }
    use()
    const before = runtime.heapBytes()
    for (let round = 0; round < 15; round++) use()
    expect(runtime.heapBytes() - before).toBeLessThan(100 * MIB)
    x.dispose()
  })
})
