/** Shape checks that every backend's products share: a wrong size must not become a wrong number. */
import type { Tensor2D, Tensor3D } from '@tensorflow/tfjs-core'
import { internalError } from '../errors.ts'
import type { Weight } from './types.ts'

/** Checks `linear`'s input; returns the number of rows. */
export function checkInput(x: Tensor2D, weight: Weight): number {
  const [rows, inSize] = x.shape
  if (x.dtype !== 'float32' || inSize !== weight.inSize) {
    throw internalError(`linear: expected float32 [rows, ${weight.inSize}] for ${weight.name}, got ${describe(x)}`)
  }
  return rows
}

/** Checks `linear`'s arguments; returns the number of rows. */
export function checkLinear(x: Tensor2D, weight: Weight): number {
  const rows = checkInput(x, weight)
  if (weight.data.length !== weight.inSize * weight.outSize) {
    throw internalError(
      `linear: expected ${weight.outSize}×${weight.inSize} values in ${weight.name}, got ${weight.data.length}`,
    )
  }
  return rows
}

export interface MatMulSizes {
  readonly batch: number
  readonly m: number
  readonly k: number
  readonly n: number
}

/** Checks `matMul`'s arguments: [batch, m, k] · [batch, k, n], or [batch, n, k] with `transposeB`. */
export function checkMatMul(a: Tensor3D, b: Tensor3D, transposeB: boolean): MatMulSizes {
  const [batch, m, k] = a.shape
  const [bBatch, bRows, bColumns] = b.shape
  const [bk, n] = transposeB ? [bColumns, bRows] : [bRows, bColumns]
  if (a.dtype !== 'float32' || b.dtype !== 'float32' || bBatch !== batch || bk !== k) {
    const wanted = transposeB ? `[${batch}, n, ${k}]` : `[${batch}, ${k}, n]`
    throw internalError(`matMul: expected float32 ${wanted} on the right of ${describe(a)}, got ${describe(b)}`)
  }
  return { batch, m, k, n }
}

function describe(x: Tensor2D | Tensor3D): string {
  return `${x.dtype} [${x.shape.join(', ')}]`
}
