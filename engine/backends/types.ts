/**
 * What a backend owes the engine. Everything elementwise is a plain TensorFlow.js op on the
 * active tfjs backend; a `Backend` adds what those lack: products with weights that live in host
 * memory, and direct views of tensor values.
 *
 * Guarantees: results are new tensors, tracked by `tf.tidy` like any other; nothing here keeps a
 * tensor alive. A weight is never changed.
 */
import type { Tensor, Tensor2D, Tensor3D } from '@tensorflow/tfjs-core'

export const BACKEND_NAMES = ['tensorflow', 'webgpu', 'blas', 'wasm'] as const
export type BackendName = (typeof BACKEND_NAMES)[number]

/** The number formats in which weights are kept and multiplied; sums, activations and metrics are float32. */
export const DTYPES = ['f32', 'bf16'] as const
export type Dtype = (typeof DTYPES)[number]

/** A matrix in host memory, as Hugging Face stores linear layers. */
export interface Weight {
  readonly name: string
  readonly outSize: number
  readonly inSize: number
  /** [out, in], row-major; `[in, out]` when `transposed` (GPT-2). */
  readonly data: Float32Array
  readonly transposed: boolean
  /** Multiplied as float32 whatever the backend's format: a router, whose choice of experts is a leap. */
  readonly float32?: boolean
}

/** A weight on its way into a backend's own layout. */
export interface UnpackedWeight extends Omit<Weight, 'data'> {
  /** float32, or bfloat16 as its bits */
  readonly data: Float32Array | Uint16Array
}

/** A matrix in host memory: rows `stride` numbers apart, from the first number of `values` on. */
export interface Window {
  readonly values: Float32Array
  readonly stride: number
}

/** A product c = scale · a · b on windows, with `add` on top of what c holds. */
export interface WindowProduct {
  readonly m: number
  readonly n: number
  readonly k: number
  /** [m, k] */
  readonly a: Window
  /** [k, n], or [n, k] with `transposeB` */
  readonly b: Window
  readonly transposeB: boolean
  /** [m, n] */
  readonly c: Window
  /** @default 1 */
  readonly scale?: number
  /** @default false */
  readonly add?: boolean
}

/**
 * What a backend can do beyond ops whose tensors lie in host memory and whose library takes strides:
 * products read and write parts of tensors where they are, without slices, transposes or joins.
 */
export interface HostProducts {
  /** A new float32 tensor of undefined values. Views taken before it may be stale. */
  output(shape: number[]): Tensor
  /** Sizes are checked by nobody below: the windows must hold them. */
  multiply(product: WindowProduct): void
}

/**
 * Elementwise work by a native library, for what a pass spends time on beside products. The first
 * tensor may be changed in place: go on with the result, or give a clone.
 */
export interface NativeOperations {
  /** silu(gate) · up */
  gated<T extends Tensor>(gate: T, up: T): T
  /** Softmax of the last axis. NaN stays where it is, and need not be elsewhere in its row. */
  softmax<T extends Tensor>(x: T): T
}

export interface Backend {
  readonly name: BackendName
  /** What does the products, for people: `oneDNN 2.6.3 (libdnnl.so.2)`. */
  readonly library: string
  /** The format of weights in `linear`, but for those marked `float32`. */
  readonly dtype: Dtype
  /**
   * Takes a weight over in the backend's own layout, where it has one, and the caller may forget what it
   * gave. `data` of what comes back is unpacked at every reading, rounded as it was. `release` frees it.
   */
  pack?(weight: UnpackedWeight): Weight
  /** [rows, in] · Wᵀ → [rows, out]. Bias is the caller's. */
  linear(x: Tensor2D, weight: Weight): Tensor2D
  /** [batch, m, k] · [batch, k, n] → [batch, m, n]; with `transposeB`, b is [batch, n, k]. */
  matMul(a: Tensor3D, b: Tensor3D, transposeB: boolean): Tensor3D
  /** Products on parts of tensors, or null where the backend has none. */
  readonly windows: HostProducts | null
  /** Operations that are faster than the ops of tfjs, or null where there are none. */
  readonly native: NativeOperations | null
  /** Whether tensors lie in host memory, so that `view` copies nothing and costs nothing. */
  readonly onHost: boolean
  /** A new float32 tensor; `write` fills in every value and runs no tensor op. */
  create(shape: number[], write: (values: Float32Array) => void): Tensor
  /** The values of a float32 tensor, perhaps without a copy: valid only until the next tensor op. */
  view(x: Tensor): Float32Array
  /** Changes values; returns the tensor that has them, which may be `x` itself (then changed in place). */
  edit<T extends Tensor>(x: T, change: (values: Float32Array) => void): T
  /** Forgets what it holds for a weight (an uploaded or packed copy). */
  release(weight: Weight): void
  dispose(): void
}
