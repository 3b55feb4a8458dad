/**
 * The webgpu backend through a software driver: the contract that every backend keeps, and what is
 * its own. Parity and sweeps are where the other backends' are.
 */
import * as tf from '@tensorflow/tfjs-core'
import { beforeAll, describe, expect, it } from 'vitest'
import { selectBackend } from '../../../engine/backends/select.ts'
import type { Backend } from '../../../engine/backends/types.ts'
import { BackendError } from '../../../engine/errors.ts'
import { expectSame } from '../../support/close.ts'
import { randomValues } from '../../support/random.ts'
import { expectNoTensorLeaks } from '../../support/tensors.ts'
import { webgpuMissing } from '../../support/webgpu.ts'
import { backendContract } from './contract.ts'

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
