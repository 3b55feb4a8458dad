/**
 * Attention of one layer over a batch of lanes. The projections are one product each over all rows;
 * scores and mixes are computed a group of like lanes at a time: the prefix that the group shares
 * enters as one product a key/value head, a lane's own positions as a small product of their own.
 * Grouped-query heads are never expanded: the query heads of one key/value head stand as rows.
 */
import * as tf from '@tensorflow/tfjs-core'
import { internalError } from '../errors.ts'
import type { LaneGroup } from '../lanes.ts'
import { to2d, to3d, to4d } from '../reshape.ts'
import type { LayerWeights } from '../weights.ts'
import { fire, isWatched, layerSpecOf, type PassContext } from './context.ts'
import { linear } from './linear.ts'
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
    q = fire(context, 'rot_q', rotate(q, rotary))
    k = fire(context, 'rot_k', rotate(k, rotary))
  }
  const mixed = batch.groups.map(group => mixGroup(context, group, q, k, v))
  const zRows = mixed.length === 1 && mixed[0] !== undefined ? mixed[0] : tf.concat(mixed, 0)
  const z = fire(context, 'z', split(zRows, heads)) // [rows, head, d_head]
  return { out: project(context, z, weights), keys: k, values: v }
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

/** q [rows, head, d_head] and k, v [rows, kv_head, d_head] of the whole batch → z of one group, [rows of the group, head · d_head]. */
function mixGroup(context: PassContext, group: LaneGroup, q: tf.Tensor3D, k: tf.Tensor3D, v: tf.Tensor3D): tf.Tensor2D {
  const { spec, backend, layer } = context
  const { kvHeads, dHead } = spec
  const layerSpec = layerSpecOf(context)
  const { count: n, length, start } = group
  const perKv = spec.heads / kvHeads
  const rows = n * length
  const own = (x: tf.Tensor3D, features: number) =>
    tf.transpose(
      to4d(tf.slice(x, [group.row, 0, 0], [rows, x.shape[1], dHead]), [n, length, kvHeads, features]),
      [0, 2, 1, 3],
    ) // [n, kv_head, length, features]
  const asBatch = (x: tf.Tensor4D, m: number) => to3d(x, [n * kvHeads, m, dHead])

  const ownQ = asBatch(tf.mul(own(q, perKv * dHead), layerSpec.attentionScale), length * perKv)
  const ownK = asBatch(own(k, dHead), length)
  const ownV = asBatch(own(v, dHead), length)
  const ownScores = backend.matMul(ownQ, ownK, true) // [n · kv_head, length · perKv, length]

  const queries = length * perKv
  const prefix = group.prefix
  let scores = ownScores
  if (prefix !== null && start > 0) {
    const keys = tf.slice(layerOf(prefix.keys, layer), [0, 0, 0], [kvHeads, start, dHead])
    const shared = backend.matMul(headsFirst(ownQ, n, kvHeads), keys, true) // [kv_head, n · queries, start]
    scores = tf.concat([lanesFirst(shared, n, kvHeads), ownScores], 2)
  }
  const pattern = weigh(context, group, scores) // [n · kv_head, queries, start + length]
  let mixed: tf.Tensor3D
  if (prefix !== null && start > 0) {
    const values = tf.slice(layerOf(prefix.values, layer), [0, 0, 0], [kvHeads, start, dHead])
    const before = tf.slice(pattern, [0, 0, 0], [n * kvHeads, queries, start])
    const within = tf.slice(pattern, [0, 0, start], [n * kvHeads, queries, length])
    const fromPrefix = lanesFirst(backend.matMul(headsFirst(before, n, kvHeads), values, false), n, kvHeads)
    mixed = tf.add(fromPrefix, backend.matMul(within, ownV, false))
  } else {
    mixed = backend.matMul(pattern, ownV, false)
  }
  const back = tf.transpose(to4d(mixed, [n, kvHeads, length, perKv * dHead]), [0, 2, 1, 3])
  return to2d(back, [rows, spec.heads * dHead])
}

/** Soft-cap, mask and softmax, with the two hook points on the way. scores [n · kv_head, length · perKv, keys] → same shape. */
function weigh(context: PassContext, group: LaneGroup, scores: tf.Tensor3D): tf.Tensor3D {
  const { spec, layer } = context
  const { count: n, length, start } = group
  const { kvHeads, heads } = spec
  const perKv = heads / kvHeads
  const keys = start + length
  const cap = spec.attentionSoftCap
  const capped = cap === null ? scores : tf.mul(tf.tanh(tf.div(scores, cap)), cap)
  const mask = to4d(maskOf(start, length, layerSpecOf(context).window), [1, length, 1, keys])
  // [n · kv_head, length, perKv, keys] ↔ [n, head, length, keys]
  const outward = (x: tf.Tensor4D) => to4d(tf.transpose(x, [0, 2, 1, 3]), [n, heads, length, keys])
  const inward = (x: tf.Tensor4D) => tf.transpose(to4d(x, [n * kvHeads, perKv, length, keys]), [0, 2, 1, 3])

  let open = tf.add<tf.Tensor4D>(to4d(capped, [n * kvHeads, length, perKv, keys]), mask)
  if (isWatched(context, 'attn_scores')) {
    const fired = fire(context, 'attn_scores', outward(open), group)
    // What a query may not see stays unseen, whatever was set there: NaN too, so this is no sum.
    if (context.tap.edits('attn_scores', layer)) open = tf.where(tf.equal(mask, 0), inward(fired), mask)
  }
  let pattern = tf.softmax<tf.Tensor4D>(open)
  if (isWatched(context, 'pattern')) {
    const fired = fire(context, 'pattern', outward(pattern), group)
    if (context.tap.edits('pattern', layer)) pattern = inward(fired)
  }
  return to3d(pattern, [n * kvHeads, length * perKv, keys])
}

/** 0 where the query of each row may look, −∞ where not: [length, start + length]. */
function maskOf(start: number, length: number, window: number | null): tf.Tensor2D {
  const keys = start + length
  const mask = new Float32Array(length * keys)
  for (let i = 0; i < length; i++) {
    const query = start + i
    mask.fill(Number.NEGATIVE_INFINITY, i * keys + query + 1, (i + 1) * keys)
    if (window !== null && query - window >= 0)
      mask.fill(Number.NEGATIVE_INFINITY, i * keys, i * keys + query - window + 1)
  }
  return tf.tensor2d(mask, [length, keys])
}

/** [n · kv_head, m, w] → [kv_head, n · m, w] */
function headsFirst(x: tf.Tensor3D, n: number, kvHeads: number): tf.Tensor3D {
  const [, m, width] = x.shape
  if (n === 1) return x
  const swapped = tf.transpose(to3d(x, [n, kvHeads, m * width]), [1, 0, 2])
  return to3d(swapped, [kvHeads, n * m, width])
}

/** [kv_head, n · m, w] → [n · kv_head, m, w] */
function lanesFirst(x: tf.Tensor3D, n: number, kvHeads: number): tf.Tensor3D {
  const [, rows, width] = x.shape
  if (n === 1) return x
  const m = rows / n
  const swapped = tf.transpose(to3d(x, [kvHeads, n, m * width]), [1, 0, 2])
  return to3d(swapped, [n * kvHeads, m, width])
}

function layerOf(tensors: readonly tf.Tensor3D[], layer: number): tf.Tensor3D {
  const tensor = tensors[layer]
  if (tensor === undefined) throw internalError(`no keys kept for layer ${layer}`)
  return tensor
}
