/** Linear maps: one matrix product over all rows of a batch, and a bias. */
import * as tf from '@tensorflow/tfjs-core'
import type { Backend } from '../backends/types.ts'
import type { LinearWeights } from '../weights.ts'

/** x [rows, in] → [rows, out]. The caller tidies. */
export function linear(backend: Backend, x: tf.Tensor2D, weights: LinearWeights): tf.Tensor2D {
  const product = backend.linear(x, weights.weight)
  if (weights.bias === null) return product
  return tf.add(product, tf.tensor1d(weights.bias))
}
