/**
 * Attention of one layer over a batch of lanes: the projections, one product each over all rows, and
 * what happens to queries and keys before they meet (`mix.ts`).
 */
import * as tf from '@tensorflow/tfjs-core'
import { to2d, to3d, to4d } from '../reshape.ts'
import type { LayerWeights } from '../weights.ts'
import { fire, isWatched, type PassContext } from './context.ts'
import { linear } from './linear.ts'
import { mixGroup } from './mix.ts'
import { mixInPlace } from './mix-in-place.ts'
import { normalize } from './norm.ts'
import { type RotaryTable, rotate } from './rotary.ts'

const Q_NORM = { scale: 'q_norm_scale', normalized: 'q_normalized' } as const
const K_NORM = { scale: 'k_norm_scale', normalized: 'k_normalized' } as const
const Q_WHOLE_NORM = { scale: 'q_whole_norm_scale', normalized: 'q_normalized' } as const
const K_WHOLE_NORM = { scale: 'k_whole_norm_scale', normalized: 'k_normalized' } as const

export interface AttentionResult {
  /** [rows, d_model], what attention adds to the stream */
  readonly out: tf.Tensor2D
  /** [rows, kv_head, d_head], after norm and rotary */
  readonly keys: tf.Tensor3D
  /** [rows, kv_head, d_head] */
  readonly values: tf.Tensor3D
}

/** x [rows, d_model], normed → what attention adds. The caller tidies. */
export function attention(
  context: PassContext,
  x: tf.Tensor2D,
  weights: LayerWeights,
  rotary: RotaryTable | null,
): AttentionResult {
  const { spec, backend, batch } = context
  const { heads, kvHeads, dHead } = spec
  const split = (y: tf.Tensor2D, count: number) => to3d(y, [batch.rows, count, dHead])

  let q = fire(context, 'q', split(linear(backend, x, weights.q), heads))
  let k = fire(context, 'k', split(linear(backend, x, weights.k), kvHeads))
  const v = fire(context, 'v', split(linear(backend, x, weights.v), kvHeads))
  if (spec.qkNorm === 'full' && weights.qNorm !== null && weights.kNorm !== null) {
    const qFlat = to2d(q, [batch.rows, heads * dHead])
    const kFlat = to2d(k, [batch.rows, kvHeads * dHead])
    q = split(normalize(context, qFlat, weights.qNorm, spec.norm, { ...Q_WHOLE_NORM, heads }), heads)
    k = split(normalize(context, kFlat, weights.kNorm, spec.norm, { ...K_WHOLE_NORM, heads: kvHeads }), kvHeads)
  } else if (weights.qNorm !== null && weights.kNorm !== null) {
    q = normalize(context, q, weights.qNorm, spec.norm, Q_NORM)
    k = normalize(context, k, weights.kNorm, spec.norm, K_NORM)
  }
  if (rotary !== null) {
    const [plainQ, plainK] = [q, k]
    q = fire(
      context,
      'rot_q',
      tf.tidy(() => rotate(backend, plainQ, rotary)),
    )
    k = fire(
      context,
      'rot_k',
      tf.tidy(() => rotate(backend, plainK, rotary)),
    )
  }
  const zRows = mix(context, q, k, v)
  const z = fire(context, 'z', split(zRows, heads)) // [rows, head, d_head]
  return { out: project(context, z, weights), keys: k, values: v }
}

/** Every row's values, mixed by its pattern: [rows, head · d_head]. */
function mix(context: PassContext, q: tf.Tensor3D, k: tf.Tensor3D, v: tf.Tensor3D): tf.Tensor2D {
  const { backend, batch } = context
  if (backend.windows !== null) return mixInPlace(context, backend.windows, q, k, v)
  const mixed = batch.groups.map(group => mixGroup(context, group, q, k, v))
  return mixed.length === 1 && mixed[0] !== undefined ? mixed[0] : tf.concat(mixed, 0)
}

/** z [rows, head, d_head] → [rows, d_model]; a head at a time when someone wants each head's share. */
function project(context: PassContext, z: tf.Tensor3D, weights: LayerWeights): tf.Tensor2D {
  const { spec, backend } = context
  const [rows, heads, dHead] = z.shape
  const flat = to2d(z, [rows, heads * dHead])
  if (!isWatched(context, 'result')) return linear(backend, flat, weights.o)
  // One row a head, all other heads' features zero: the product is that head's share.
  const mask = to4d(tf.eye(heads), [1, heads, heads, 1])
  const alone = tf.mul(to4d(z, [rows, 1, heads, dHead]), mask)
  const shares = backend.linear(to2d(alone, [rows * heads, heads * dHead]), weights.o.weight)
  const before = to3d(shares, [rows, heads, spec.dModel])
  const after = fire(context, 'result', tf.clone(before))
  const out = linear(backend, flat, weights.o)
  // The change is added to the one product, not the shares summed anew: rows that nobody changed stay as they were.
  return context.tap.edits('result', context.layer) ? tf.add(out, tf.sum<tf.Tensor2D>(tf.sub(after, before), 1)) : out
}
