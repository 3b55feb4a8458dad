/**
 * Norms over the last axis. The scale and the normalized values are hook points; as in
 * TransformerLens the weight is applied after them.
 */
import * as tf from '@tensorflow/tfjs-core'
import type { Site } from '../points.ts'
import type { NormSpec } from '../spec.ts'
import type { NormWeights } from '../weights.ts'
import { fire, type PassContext } from './context.ts'

/** The two hook points of a norm; null where a norm has none. */
export interface NormSites {
  readonly scale: Site
  readonly normalized: Site
  /** A norm over several heads' features shows its values a head at a time: [rows, heads, features]. */
  readonly heads?: number
}

/** The weight as it is applied: the stored one plus the family's offset. */
function appliedWeight(weights: NormWeights, norm: NormSpec): tf.Tensor1D {
  const weight = tf.tensor1d(weights.weight)
  return norm.offset === 0 ? weight : tf.add(weight, norm.offset)
}

/**
 * Normalizes the last axis: x [rows, …, width] → same shape. The caller tidies.
 * @param sites the norm's hook points, or null for a norm that has none
 */
export function normalize<T extends tf.Tensor>(
  context: PassContext,
  x: T,
  weights: NormWeights,
  norm: NormSpec,
  sites: NormSites | null,
): T {
  const centred = norm.kind === 'layer' ? tf.sub(x, tf.mean(x, -1, true)) : x
  const variance = tf.mean(tf.square(centred), -1, true)
  let scale: tf.Tensor = tf.sqrt(tf.add(variance, norm.eps)) // [rows, …, 1]
  if (sites !== null) scale = fire(context, sites.scale, scale)
  let normalized: tf.Tensor = tf.div(centred, scale)
  if (sites?.heads !== undefined) {
    const [rows = 0, width = 0] = normalized.shape
    const split = tf.reshape(normalized, [rows, sites.heads, width / sites.heads])
    normalized = tf.reshape(fire(context, sites.normalized, split), [rows, width])
  } else if (sites !== null) normalized = fire(context, sites.normalized, normalized)
  const weighted = tf.mul<T>(normalized, appliedWeight(weights, norm))
  return weights.bias === null ? weighted : tf.add<T>(weighted, tf.tensor1d(weights.bias))
}
