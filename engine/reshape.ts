/** `tf.reshape` with the rank in the type: tfjs's own generic parameter lets a wrong rank pass. */
import * as tf from '@tensorflow/tfjs-core'

export function to2d(x: tf.Tensor, shape: [number, number]): tf.Tensor2D {
  return tf.reshape<tf.Rank.R2>(x, shape)
}

export function to3d(x: tf.Tensor, shape: [number, number, number]): tf.Tensor3D {
  return tf.reshape<tf.Rank.R3>(x, shape)
}

export function to4d(x: tf.Tensor, shape: [number, number, number, number]): tf.Tensor4D {
  return tf.reshape<tf.Rank.R4>(x, shape)
}
