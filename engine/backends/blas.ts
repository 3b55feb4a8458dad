/**
 * The `blas` backend: the wasm backend with its matrix products handed to a native library.
 *
 * Activations stay on the wasm heap, where tfjs's ops find them; the library reads and writes them
 * there, and reads weights from host memory. Nothing is copied, and no weight ever enters the 4 GB
 * heap. A typed array reaches the library as its address, in about half a microsecond.
 */
import type { Tensor2D, Tensor3D } from '@tensorflow/tfjs-core'
import * as tf from '@tensorflow/tfjs-core'
import { type BlasLibrary, findBlas } from './libraries.ts'
import { openOneDnn } from './onednn/api.ts'
import { Float32Products, MIN_ROWS } from './onednn/float32-products.ts'
import { type Operations, openOperations } from './onednn/operations.ts'
import { checkLinear, checkMatMul } from './shapes.ts'
import type { Backend, NativeOperations, Weight } from './types.ts'
import { type WasmRuntime, wasmRuntime } from './wasm-runtime.ts'

/**
 * Starts tfjs's wasm backend and joins it to the best library of the machine.
 * @throws BackendError if there is no usable library, saying what to install.
 */
export async function createBlasBackend(): Promise<Backend> {
  const library = findBlas()
  const { name, sgemm } = library
  const runtime = await wasmRuntime()
  const own = oneDnnOf(library)
  return {
    name: 'blas',
    library: name,
    dtype: 'f32',
    linear(x: Tensor2D, weight: Weight): Tensor2D {
      const rows = checkLinear(x, weight)
      const { inSize, outSize, data } = weight
      const out = runtime.output([rows, outSize]) as Tensor2D
      if (out.size === 0) return out
      // The output may have moved the heap: views are taken after it.
      const [from, to] = [runtime.view(x), runtime.view(out)]
      if (own !== null && rows >= MIN_ROWS && data.length >= MIN_WEIGHT)
        own.products.multiply(from, rows, weight, data, to)
      else sgemm(!weight.transposed, rows, outSize, inSize, from, data, to)
      return out
    },
    matMul(a: Tensor3D, b: Tensor3D, transposeB: boolean): Tensor3D {
      const { batch, m, k, n } = checkMatMul(a, b, transposeB)
      const out = runtime.output([batch, m, n]) as Tensor3D
      if (out.size === 0) return out
      const [left, right, result] = [runtime.view(a), runtime.view(b), runtime.view(out)]
      if (k === 0) {
        result.fill(0)
        return out
      }
      for (let i = 0; i < batch; i++) {
        sgemm(transposeB, m, n, k, left.subarray(i * m * k), right.subarray(i * k * n), result.subarray(i * m * n))
      }
      return out
    },
    windows: {
      output: runtime.output,
      multiply({ m, n, k, a, b, transposeB, c, scale = 1, add = false }) {
        const layout = { lda: a.stride, ldb: b.stride, ldc: c.stride, alpha: scale, beta: add ? 1 : 0 }
        sgemm(transposeB, m, n, k, a.values, b.values, c.values, layout)
      },
    },
    native: own === null ? null : nativeOperations(runtime, own.operations),
    onHost: true,
    create: runtime.create,
    view: x => runtime.view(x),
    edit: (x, change) => runtime.edit(x, change),
    release() {
      // Nothing is held: weights are read where they lie.
    },
    dispose() {
      // The library stays loaded; the process has one.
      own?.operations.end()
      own?.products.dispose()
    },
  }
}

/** Values of a weight from which a product is worth code of its own. */
const MIN_WEIGHT = 2 ** 18

/** What oneDNN does beside `sgemm`; one that computes something else is left to that. */
function oneDnnOf({ name, library }: BlasLibrary): { operations: Operations; products: Float32Products } | null {
  if (!name.startsWith('oneDNN')) return null
  try {
    const own = openOneDnn(library)
    return { operations: openOperations(own), products: new Float32Products(own) }
  } catch {
    return null
  }
}

/** Values from which a call of the library's is worth its preparation. */
const MIN_VALUES = 32_768

function nativeOperations(runtime: WasmRuntime, operations: Operations): NativeOperations {
  return {
    gated(gate, up) {
      const [columns = 1] = gate.shape.slice(-1)
      const rows = gate.size / columns
      if (gate.size < MIN_VALUES) return tf.mul(tf.mul(gate, tf.sigmoid(gate)), up)
      return runtime.edit(gate, values => {
        operations.apply('silu', values, rows, columns)
        operations.apply('multiply', values, rows, columns, runtime.view(up))
      })
    },
    softmax(x) {
      const [columns = 1] = x.shape.slice(-1)
      if (x.size < MIN_VALUES) return tf.softmax(x)
      return runtime.edit(x, values => operations.apply('softmax', values, x.size / columns, columns))
    },
  }
}
