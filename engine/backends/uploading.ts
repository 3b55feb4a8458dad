/**
 * A `Backend` of plain tfjs ops, for tfjs backends whose own matrix product is the fastest there is
 * (`tensorflow`, `webgpu`). A weight is uploaded when it is first used and kept while there is room;
 * past that, those that were used longest ago go, and come back when they are next needed: a model
 * that does not fit is uploaded as a pass goes through it. An uploaded weight is a tensor like any
 * other, so `tf.memory()` counts it.
 */
import type { Tensor, Tensor2D, Tensor3D } from '@tensorflow/tfjs-core'
import * as tf from '@tensorflow/tfjs-core'
import { BackendError, internalError } from '../errors.ts'
import { checkLinear, checkMatMul } from './shapes.ts'
import type { Backend, BackendName, Weight } from './types.ts'

let uploadedCount = 0

/** Weights that all such backends of this process hold now, each of them a tensor. */
export function uploadedWeights(): number {
  return uploadedCount
}

export interface UploadingOptions {
  /** Bytes that uploaded weights may take; asked when the first is uploaded. @default no limit */
  readonly weightBudgetBytes?: () => number
  /** A larger weight is uploaded and multiplied in slices of its outputs. @default no limit */
  readonly maxTensorBytes?: number
}

/** Wraps the active tfjs backend. */
export function uploadingBackend(name: BackendName, library: string, options: UploadingOptions = {}): Backend {
  // Insertion order is order of use: the first is the one used longest ago.
  const held = new Map<Weight, Tensor2D>()
  const sliced = new Map<Weight, readonly Weight[]>()
  let heldBytes = 0
  let budget = Number.POSITIVE_INFINITY

  function drop(weight: Weight): void {
    const tensor = held.get(weight)
    if (tensor === undefined) return
    held.delete(weight)
    heldBytes -= bytesOf(weight)
    uploadedCount--
    tensor.dispose()
  }

  function uploaded(weight: Weight): Tensor2D {
    const found = held.get(weight)
    if (found !== undefined) {
      held.delete(weight)
      held.set(weight, found)
      return found
    }
    if (held.size === 0) budget = options.weightBudgetBytes?.() ?? budget
    for (const oldest of held.keys()) {
      if (heldBytes + bytesOf(weight) <= budget) break
      drop(oldest)
    }
    const { inSize, outSize } = weight
    const shape: [number, number] = weight.transposed ? [inSize, outSize] : [outSize, inSize]
    const tensor = tf.keep(tf.tensor2d(weight.data, shape))
    held.set(weight, tensor)
    heldBytes += bytesOf(weight)
    uploadedCount++
    return tensor
  }

  function slicesOf(weight: Weight): readonly Weight[] {
    const known = sliced.get(weight)
    if (known !== undefined) return known
    const count = Math.ceil(bytesOf(weight) / (options.maxTensorBytes ?? Number.POSITIVE_INFINITY))
    if (count <= 1) return [weight]
    const slices = sliceOutputs(weight, Math.ceil(weight.outSize / count))
    sliced.set(weight, slices)
    return slices
  }

  function release(weight: Weight): void {
    for (const slice of sliced.get(weight) ?? [weight]) drop(slice)
    sliced.delete(weight)
  }

  function read(x: Tensor): Float32Array {
    const values = x.dataSync()
    if (!(values instanceof Float32Array)) throw internalError(`view: expected a float32 tensor, got ${x.dtype}`)
    return values
  }

  return {
    name,
    library,
    dtype: 'f32',
    linear(x: Tensor2D, weight: Weight): Tensor2D {
      const rows = checkLinear(x, weight)
      if (rows === 0) return tf.zeros([0, weight.outSize])
      const product = (part: Weight): Tensor2D => tf.matMul(x, uploaded(part), false, !part.transposed)
      const slices = slicesOf(weight)
      return slices.length === 1 ? product(weight) : tf.tidy(() => tf.concat(slices.map(product), 1))
    },
    matMul(a: Tensor3D, b: Tensor3D, transposeB: boolean): Tensor3D {
      const { batch, m, k, n } = checkMatMul(a, b, transposeB)
      if (batch * m * k * n === 0) return tf.zeros([batch, m, n])
      return tf.matMul(a, b, false, transposeB)
    },
    windows: null,
    native: null,
    onHost: false,
    create(shape, write) {
      const values = new Float32Array(tf.util.sizeFromShape(shape))
      write(values)
      return tf.tensor(values, shape)
    },
    view: read,
    edit<T extends Tensor>(x: T, change: (values: Float32Array) => void): T {
      const values = read(x).slice()
      change(values)
      return tf.tensor(values, x.shape) as T
    },
    release,
    dispose() {
      for (const weight of held.keys()) drop(weight)
      sliced.clear()
    },
  }
}

/** A weight as matrices of at most `step` outputs each: views of the same numbers, copies where it lies input-first. */
function sliceOutputs({ name, data, inSize, outSize, transposed }: Weight, step: number): Weight[] {
  return Array.from({ length: Math.ceil(outSize / step) }, (_, i) => {
    const begin = i * step
    const end = Math.min(outSize, begin + step)
    const part = { name: `${name}[${begin}+${end - begin}]`, inSize, outSize: end - begin, transposed }
    if (!transposed) return { ...part, data: data.subarray(begin * inSize, end * inSize) }
    const copy = new Float32Array(inSize * (end - begin))
    for (let row = 0; row < inSize; row++)
      copy.set(data.subarray(row * outSize + begin, row * outSize + end), row * (end - begin))
    return { ...part, data: copy }
  })
}

function bytesOf({ inSize, outSize }: Weight): number {
  return 4 * inSize * outSize
}

/**
 * Multiplies small whole numbers through a new backend and reads them back, which is what the
 * engine will do.
 * @throws BackendError if the result is wrong or cannot be read.
 */
export function expectWorking(backend: Backend): void {
  const weight: Weight = {
    name: 'check',
    inSize: 3,
    outSize: 2,
    data: Float32Array.of(1, 2, 3, 4, 5, 6),
    transposed: false,
  }
  try {
    const got = tf.tidy(() => [...backend.view(backend.linear(tf.tensor2d([1, 1, 1, 0, 1, -1], [2, 3]), weight))])
    const expected = [6, 15, -1, -1]
    if (got.join() !== expected.join()) throw new Error(`expected ${expected} from a test product, got ${got}`)
  } catch (error) {
    throw new BackendError(`${backend.name}: ${error instanceof Error ? error.message : error}`)
  } finally {
    backend.release(weight)
  }
}
