/**
 * Matrix products on the wasm heap by XNNPACK, called below tfjs's ops.
 *
 * Why below: tfjs hands a product to XNNPACK only when nothing is transposed and the batch is 1,
 * and else runs a plain loop at a tenth of its speed; and it keeps the packed copy of the right
 * matrix under the tensor's number, without its shape and without noticing changed values. Here
 * a batch is a loop of products on windows of the heap, and the numbers are our own, so that a
 * packed copy lives exactly as long as we want.
 */
import { internalError } from '../errors.ts'
import { matrixBytes, type WasmRuntime } from './wasm-runtime.ts'

/** A right-hand matrix that XNNPACK holds packed, outside every tensor. */
export interface PackedMatrix {
  readonly id: number
  /** k: rows of the matrix. */
  readonly inSize: number
  /** n: its columns. */
  readonly outSize: number
}

export interface Xnnpack {
  /** Packs a [in, out] matrix that `fill` writes. `drop` it when done. */
  pack(inSize: number, outSize: number, fill: (values: Float32Array) => void): PackedMatrix
  drop(matrix: PackedMatrix): void
  /** [m, k] at `a` · packed → [m, n] at `out`; addresses are byte offsets on the heap. */
  productPacked(a: number, m: number, matrix: PackedMatrix, out: number): void
  /** [m, k] at `a` · [k, n] at `b` → [m, n] at `out`; keeps nothing. */
  product(a: number, b: number, out: number, m: number, k: number, n: number): void
}

export function xnnpack(runtime: WasmRuntime): Xnnpack {
  const wasm = runtime.module
  const multiply = wasm.cwrap('BatchMatMul', null, [
    'number', // a
    'array',
    'number',
    'number', // b
    'array',
    'number',
    'number', // transposeA
    'number', // transposeB
    'number', // out
  ])
  const aId = reserveId(runtime)
  const bId = reserveId(runtime)
  const outId = reserveId(runtime)

  function run(a: number, b: number, out: number, m: number, k: number, n: number): void {
    wasm.tfjs.registerTensor(aId, m * k, a)
    wasm.tfjs.registerTensor(outId, m * n, out)
    multiply(aId, shapeBytes(m, k), 3, b, shapeBytes(k, n), 3, 0, 0, outId)
    wasm.tfjs.disposeData(aId)
    wasm.tfjs.disposeData(outId)
  }

  /** XNNPACK that cannot get memory prints a line and leaves the result undefined: ask before it does. */
  function expectRoom(bytes: number): void {
    wasm._free(wasm._malloc(bytes))
  }

  return {
    pack(inSize, outSize, fill) {
      if (inSize * outSize === 0) throw internalError('xnnpack: an empty matrix cannot be packed')
      const id = reserveId(runtime)
      const address = wasm._malloc(matrixBytes(inSize, outSize)) >>> 0
      const scratch = wasm._malloc(matrixBytes(1, inSize + outSize)) >>> 0
      try {
        expectRoom(packedBytes(inSize, outSize))
        const values = new Float32Array(wasm.HEAPU8.buffer, address, inSize * outSize)
        fill(values)
        wasm.tfjs.registerTensor(id, values.length, address)
        // The first product packs; afterwards the unpacked values are never read again.
        new Float32Array(wasm.HEAPU8.buffer, scratch, inSize).fill(0)
        run(scratch, id, scratch + matrixBytes(1, inSize), 1, inSize, outSize)
      } finally {
        wasm._free(scratch)
        wasm._free(address)
      }
      return { id, inSize, outSize }
    },
    drop(matrix) {
      wasm.tfjs.disposeData(matrix.id)
    },
    productPacked(a, m, matrix, out) {
      run(a, matrix.id, out, m, matrix.inSize, matrix.outSize)
    },
    product(a, b, out, m, k, n) {
      expectRoom(packedBytes(k, n))
      wasm.tfjs.registerTensor(bId, k * n, b)
      run(a, bId, out, m, k, n)
      wasm.tfjs.disposeData(bId)
    },
  }
}

/** A tensor number that no tensor has or will have. */
function reserveId({ backend, module }: WasmRuntime): number {
  const { dataId } = backend.makeOutput([0], 'float32', 0)
  const { id } = backend.dataIdMap.get(dataId)
  backend.dataIdMap.delete(dataId)
  module.tfjs.disposeData(id)
  return id
}

/**
 * Whether a batch of small products is faster by XNNPACK than by tfjs's plain loop: packing costs
 * about 14 µs a product and 4 ns an element of the right matrix, the loop 1.1 ns a multiplication.
 */
export function worthPacking(m: number, k: number, n: number): boolean {
  return m * k * n > 13_000 + 4 * k * n
}

/** What XNNPACK needs at most for a packed matrix: columns in groups of 8, a bias row, alignment. */
export function packedBytes(inSize: number, outSize: number): number {
  return matrixBytes(inSize + 1, Math.ceil(outSize / 8) * 8) + 1024
}

/** [1, rows, columns] as the kernel reads it. */
function shapeBytes(rows: number, columns: number): Uint8Array {
  return new Uint8Array(new Int32Array([1, rows, columns]).buffer)
}
