/**
 * The `blas` backend: the wasm backend with its matrix products handed to a native library.
 *
 * Activations stay on the wasm heap, where tfjs's ops find them; the library reads and writes them
 * there, and reads weights from host memory. Nothing is copied, and no weight ever enters the 4 GB
 * heap. A typed array reaches the library as its address, in about half a microsecond.
 */
import type { Tensor2D, Tensor3D } from '@tensorflow/tfjs-core'
import { findBlas } from './libraries.ts'
import { checkLinear, checkMatMul } from './shapes.ts'
import type { Backend, Weight } from './types.ts'
import { wasmRuntime } from './wasm-runtime.ts'

/**
 * Starts tfjs's wasm backend and joins it to the best library of the machine.
 * @throws BackendError if there is no usable library, saying what to install.
 */
export async function createBlasBackend(): Promise<Backend> {
  const { name, sgemm } = findBlas()
  const runtime = await wasmRuntime()
  return {
    name: 'blas',
    library: name,
    dtype: 'f32',
    linear(x: Tensor2D, weight: Weight): Tensor2D {
      const rows = checkLinear(x, weight)
      const { inSize, outSize } = weight
      const out = runtime.output([rows, outSize]) as Tensor2D
      // The output may have moved the heap: views are taken after it.
      if (out.size > 0)
        sgemm(!weight.transposed, rows, outSize, inSize, runtime.view(x), weight.data, runtime.view(out))
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
    onHost: true,
    create: runtime.create,
    view: x => runtime.view(x),
    edit: (x, change) => runtime.edit(x, change),
    release() {
      // Nothing is held: weights are read where they lie.
    },
    dispose() {
      // The library stays loaded; the process has one.
    },
  }
}
