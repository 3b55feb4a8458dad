/**
 * Rotary position embedding in half-split form (Su et al. 2021, as GPT-NeoX and Llama lay it out):
 * feature i pairs with feature i + half. Features past the rotated width pass unchanged.
 */
import * as tf from '@tensorflow/tfjs-core'
import type { Backend } from '../backends/types.ts'
import { to3d } from '../reshape.ts'
import type { RotarySpec } from '../spec.ts'

export interface RotaryTable {
  /** [rows, 1, half] */
  readonly cos: tf.Tensor3D
  /** [rows, 1, half] */
  readonly sin: tf.Tensor3D
}

/** Cosines and sines of each row's position. Angles are float32, as the models were trained with. The caller disposes. */
export function rotaryTable(rotary: RotarySpec, positions: Int32Array): RotaryTable {
  const half = rotary.frequencies.length
  const cos = new Float32Array(positions.length * half)
  const sin = new Float32Array(positions.length * half)
  const computed = new Map<number, number>()
  for (const [row, position] of positions.entries()) {
    // Many lanes stand at the same position: a cosine costs more than a copy.
    const known = computed.get(position)
    if (known !== undefined) {
      cos.copyWithin(row * half, known * half, (known + 1) * half)
      sin.copyWithin(row * half, known * half, (known + 1) * half)
      continue
    }
    computed.set(position, row)
    for (const [i, frequency] of rotary.frequencies.entries()) {
      const angle = Math.fround(position * Math.fround(frequency))
      cos[row * half + i] = Math.cos(angle) * rotary.amplitude
      sin[row * half + i] = Math.sin(angle) * rotary.amplitude
    }
  }
  const shape: [number, number, number] = [positions.length, 1, half]
  return { cos: tf.tensor3d(cos, shape), sin: tf.tensor3d(sin, shape) }
}

/** Rotates x [rows, head, d_head]; x stays as it is. The caller tidies. */
export function rotate(backend: Backend, x: tf.Tensor3D, table: RotaryTable): tf.Tensor3D {
  // A clone shares its values, so that changing it makes a copy.
  if (backend.onHost) return backend.edit(tf.clone(x), values => rotateValues(backend, values, x.shape, table))
  const [rows, heads, width] = x.shape
  const half = table.cos.shape[2]
  if (2 * half === width) return rotateWhole(x, table)
  const turned = rotateWhole(tf.slice(x, [0, 0, 0], [rows, heads, 2 * half]), table)
  return tf.concat([turned, tf.slice(x, [0, 0, 2 * half], [rows, heads, width - 2 * half])], 2)
}

/** One walk over the values, where kernels would take ten: [rows, head, d_head], changed in place. */
function rotateValues(
  backend: Backend,
  values: Float32Array,
  [rows, heads, width]: readonly [number, number, number],
  table: RotaryTable,
): void {
  const half = table.cos.shape[2]
  const [cos, sin] = [backend.view(table.cos), backend.view(table.sin)]
  for (let row = 0; row < rows; row++) {
    const turn = row * half
    for (let head = 0; head < heads; head++) {
      const first = (row * heads + head) * width
      for (let i = 0; i < half; i++) {
        const a = values[first + i] ?? 0
        const b = values[first + half + i] ?? 0
        const c = cos[turn + i] ?? 0
        const s = sin[turn + i] ?? 0
        values[first + i] = a * c - b * s
        values[first + half + i] = b * c + a * s
      }
    }
  }
}

/**
 * Rotates all features. The halves are brought to the front first: slices of whole matrices are
 * copies of memory, slices within each head are many small ones.
 */
function rotateWhole(x: tf.Tensor3D, { cos, sin }: RotaryTable): tf.Tensor3D {
  const [rows, heads, width] = x.shape
  const half = width / 2
  const apart = tf.transpose(to3d(x, [rows * heads, 2, half]), [1, 0, 2]) // [2, rows · head, half]
  const part = (index: number) => to3d(tf.slice(apart, [index, 0, 0], [1, rows * heads, half]), [rows, heads, half])
  const [first, second] = [part(0), part(1)]
  const turned = tf.concat(
    [
      to3d(tf.sub(tf.mul(first, cos), tf.mul(second, sin)), [1, rows * heads, half]),
      to3d(tf.add(tf.mul(second, cos), tf.mul(first, sin)), [1, rows * heads, half]),
    ],
    0,
  )
  return to3d(tf.transpose(turned, [1, 0, 2]), [rows, heads, width])
}
