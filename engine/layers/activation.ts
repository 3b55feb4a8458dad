/** Activation functions of the MLP. */
import * as tf from '@tensorflow/tfjs-core'
import type { Backend } from '../backends/types.ts'
import type { Activation } from '../spec.ts'

const GELU_SCALE = Math.sqrt(2 / Math.PI)

/** Applies an activation elementwise; same shape. The caller tidies. */
export function activate<T extends tf.Tensor>(x: T, activation: Activation): T {
  switch (activation) {
    case 'silu':
      return tf.mul(x, tf.sigmoid(x))
    case 'relu':
      return tf.relu(x)
    case 'gelu':
      return tf.mul(tf.mul(x, 0.5), tf.add(tf.erf(tf.mul(x, Math.SQRT1_2)), 1))
    case 'gelu_tanh': {
      const cubic = tf.mul(tf.mul(tf.square(x), x), 0.044715)
      return tf.mul(tf.mul(x, 0.5), tf.add(tf.tanh(tf.mul(tf.add(x, cubic), GELU_SCALE)), 1))
    }
  }
}

/** activation(pre) · up, elementwise; same shape. May change `pre` in place. The caller tidies. */
export function gated<T extends tf.Tensor>(backend: Backend, pre: T, up: T, activation: Activation): T {
  if (activation === 'silu' && backend.native !== null) return backend.native.gated(pre, up)
  return tf.mul(activate(pre, activation), up)
}
