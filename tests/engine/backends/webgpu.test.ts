/**
 * The webgpu backend through a software driver: the contract that every backend keeps, and what is
 * its own. Parity and sweeps are where the other backends' are.
 */
import * as tf from '@tensorflow/tfjs-core'
import { beforeAll, describe, expect, it } from 'vitest'
import { selectBackend } from '../../../engine/backends/select.ts'
import type { Backend } from '../../../engine/backends/types.ts'
import { uploadedWeights, uploadingBackend } from '../../../engine/backends/uploading.ts'
import { BackendError } from '../../../engine/errors.ts'
import { expectClose, expectSame } from '../../support/close.ts'
import { randomValues } from '../../support/random.ts'
import { expectNoTensorLeaks } from '../../support/tensors.ts'
import { webgpuMissing } from '../../support/webgpu.ts'
import { backendContract, linearByLoop, randomWeight } from './contract.ts'

/** See contract.ts. */
const PRODUCT = { rtol: 1e-5, atol: 2e-6 }

const missing = webgpuMissing()

describe.skipIf(missing !== undefined)(`webgpu${missing === undefined ? '' : `: ${missing}`}`, () => {
  let backend: Backend
  beforeAll(async () => {
    backend = await selectBackend('webgpu')
  })
  expectNoTensorLeaks()

  backendContract(() => backend)

  it('names its adapter', () => {
    expect(backend.library).toMatch(/^Dawn \(.*SwiftShader/i)
  })

  it('reads large tensors whole, and the same one again', () => {
    tf.tidy(() => {
      const values = randomValues(300_001, 3)
      const doubled = tf.mul(tf.tensor1d(values), 2)
      const expected = values.map(value => value * 2)
      for (const round of ['first', 'second']) expectSame(backend.view(doubled), expected, `${round} read`)
    })
  })

  it('reads what tensors are asked for elsewhere: whole numbers, truth values, a promise', async () => {
    const [whole, truth, later] = tf.tidy(() => {
      const x = tf.tensor1d(Float32Array.from({ length: 2000 }, (_, i) => i))
      return [tf.cast(tf.mul(x, 3), 'int32'), tf.greater(x, 1000), tf.add(x, 1)]
    })
    expect(whole?.dataSync()[1999]).toBe(5997)
    expect(truth?.dataSync()[1000]).toBe(0)
    expect(truth?.dataSync()[1001]).toBe(1)
    expect((await later?.data())?.[1999]).toBe(2000)
    tf.dispose([whole ?? [], truth ?? [], later ?? []])
  })

  it('lets the event loop go on as it was', async () => {
    const order: string[] = []
    const turn = new Promise<void>(resolve =>
      setImmediate(() => {
        order.push('immediate')
        resolve()
      }),
    )
    tf.tidy(() => {
      expect(backend.view(tf.mul(tf.ones([2000]), 2))[0]).toBe(2)
    })
    order.push('read')
    await turn
    expect(order).toEqual(['read', 'immediate'])
  })

  it('multiplies a weight that is larger than a buffer may be, slice by slice', () => {
    // 24 inputs: 5 outputs a slice, the last one shorter; input-first weights are cut too.
    const sliced = uploadingBackend('webgpu', 'slices', { maxTensorBytes: 4 * 24 * 5 })
    for (const transposed of [false, true]) {
      const weight = randomWeight(23, 24, transposed)
      const values = randomValues(3 * 24, 5)
      tf.tidy(() => {
        const x = tf.tensor2d(values, [3, 24])
        const before = uploadedWeights()
        expectClose(backend.view(sliced.linear(x, weight)), linearByLoop(values, 3, weight), PRODUCT)
        expect(uploadedWeights() - before).toBe(5)
        sliced.release(weight)
        expect(uploadedWeights()).toBe(before)
        expectClose(backend.view(sliced.linear(x, weight)), linearByLoop(values, 3, weight), PRODUCT)
      })
    }
    sliced.dispose()
  })

  it('gives back the buffers that it keeps, when they have become many', () => {
    const allocated = (): number => Number(Reflect.get(tf.memory(), 'numBytesAllocatedInGPU'))
    for (let size = 4_000_000; size < 4_000_006; size++)
      tf.tidy(() => {
        // 32 MB each, every one of another size.
        const x = tf.add(tf.add(tf.fill([2 * size], 1), 1), 1)
        expect(backend.view(tf.slice(x, [size], [1000]))[999]).toBe(3)
      })
    expect(allocated()).toBeLessThan(400e6)
  })

  it('says what the device refused, and goes on after it', () => {
    createBuffer(2 ** 40)
    tf.tidy(() => {
      const x = tf.mul(tf.ones([2000]), 2)
      expect(() => backend.view(x)).toThrow(BackendError)
      expect(backend.view(tf.add(x, 1))[7]).toBe(3)
    })
  })
})

/** Asks the device for a buffer behind tfjs's back. */
function createBuffer(size: number): void {
  const device: unknown = Reflect.get(tf.backend(), 'device')
  const create: unknown = typeof device === 'object' && device !== null && Reflect.get(device, 'createBuffer')
  if (typeof create !== 'function') throw new Error('expected a device')
  create.call(device, { size, usage: GPU_STORAGE })
}

/** `GPUBufferUsage.STORAGE` */
const GPU_STORAGE = 0x80
