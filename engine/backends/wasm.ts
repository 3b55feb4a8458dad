/**
 * The `wasm` backend: TensorFlow.js on WebAssembly, products by XNNPACK. It runs everywhere and
 * needs nothing; 15-25 GFLOP/s on one core.
 *
 * XNNPACK multiplies by packed matrices, so a weight is packed on the heap when it is first used.
 * The heap ends at 4 GB and activations need room: past the budget, the weights that were used
 * longest ago are dropped, and packed again when they are next needed.
 */
import type { Tensor, Tensor2D, Tensor3D } from '@tensorflow/tfjs-core'
import * as tf from '@tensorflow/tfjs-core'
import { checkLinear, checkMatMul } from './shapes.ts'
import type { Backend, Weight } from './types.ts'
import { wasmRuntime } from './wasm-runtime.ts'
import { type PackedMatrix, packedBytes, worthPacking, xnnpack } from './xnnpack.ts'

/** Bytes of packed weights; leaves more than half of the heap to activations and to packing. */
const WEIGHT_BUDGET_BYTES = 1.5 * 2 ** 30

export interface WasmOptions {
  /** @default 1.5 GiB */
  readonly weightBudgetBytes?: number
}

/** What the wasm backend holds for weights, beside `Backend`. */
export interface WasmBackend extends Backend {
  /** Weights that lie packed on the heap. They are no tensors: `tf.memory()` does not count them. */
  heldWeights(): number
}

/** Starts tfjs's wasm backend and wraps it. */
export async function createWasmBackend(options: WasmOptions = {}): Promise<WasmBackend> {
  const budget = options.weightBudgetBytes ?? WEIGHT_BUDGET_BYTES
  const runtime = await wasmRuntime()
  const products = xnnpack(runtime)
  // Insertion order is order of use: the first is the one used longest ago.
  const held = new Map<Weight, PackedMatrix>()
  let heldBytes = 0

  function drop(weight: Weight): void {
    const matrix = held.get(weight)
    if (matrix === undefined) return
    held.delete(weight)
    heldBytes -= packedBytes(matrix.inSize, matrix.outSize)
    products.drop(matrix)
  }

  function packed(weight: Weight): PackedMatrix {
    const found = held.get(weight)
    if (found !== undefined) {
      held.delete(weight)
      held.set(weight, found)
      return found
    }
    const bytes = packedBytes(weight.inSize, weight.outSize)
    for (const oldest of held.keys()) {
      if (heldBytes + bytes <= budget) break
      drop(oldest)
    }
    const matrix = products.pack(weight.inSize, weight.outSize, values => copyTransposed(weight, values))
    held.set(weight, matrix)
    heldBytes += bytes
    return matrix
  }

  function address(x: Tensor): number {
    return runtime.backend.getMemoryOffset(x.dataId)
  }

  return {
    name: 'wasm',
    library: `XNNPACK (tfjs-backend-wasm ${tf.version_core})`,
    dtype: 'f32',
    linear(x: Tensor2D, weight: Weight): Tensor2D {
      const rows = checkLinear(x, weight)
      const out = runtime.output([rows, weight.outSize]) as Tensor2D
      if (out.size > 0) products.productPacked(address(x), rows, packed(weight), address(out))
      return out
    },
    matMul(a: Tensor3D, b: Tensor3D, transposeB: boolean): Tensor3D {
      const { batch, m, k, n } = checkMatMul(a, b, transposeB)
      // A batch of one is packed there too.
      if (batch > 1 && k > 0 && !worthPacking(m, k, n)) return tf.matMul(a, b, false, transposeB)
      const out = runtime.output([batch, m, n]) as Tensor3D
      if (out.size === 0) return out
      if (k === 0) return runtime.edit(out, values => values.fill(0))
      const right = transposeB ? tf.transpose(b, [0, 2, 1]) : b
      for (let i = 0; i < batch; i++) {
        products.product(
          address(a) + 4 * i * m * k,
          address(right) + 4 * i * k * n,
          address(out) + 4 * i * m * n,
          m,
          k,
          n,
        )
      }
      if (right !== b) right.dispose()
      return out
    },
    windows: null,
    native: null,
    onHost: true,
    create: runtime.create,
    view: x => runtime.view(x),
    edit: (x, change) => runtime.edit(x, change),
    release: drop,
    dispose() {
      for (const weight of held.keys()) drop(weight)
    },
    heldWeights: () => held.size,
  }
}

/** Side of the square blocks that are transposed at once: two of them fit the first-level cache. */
const BLOCK = 32

/** Writes a weight as [in, out]. */
function copyTransposed(weight: Weight, to: Float32Array): void {
  const { data, inSize, outSize } = weight
  if (weight.transposed) {
    to.set(data)
    return
  }
  for (let row = 0; row < outSize; row += BLOCK) {
    const rowEnd = Math.min(row + BLOCK, outSize)
    for (let column = 0; column < inSize; column += BLOCK) {
      const columnEnd = Math.min(column + BLOCK, inSize)
      for (let c = column; c < columnEnd; c++) {
        for (let r = row; r < rowEnd; r++) to[c * outSize + r] = data[r * inSize + c] ?? 0
      }
    }
  }
}
