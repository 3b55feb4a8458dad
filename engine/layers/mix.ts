/**
 * Scores, pattern and mix of one group of like lanes. The prefix that the group shares enters as one
 * product a key/value head, the lanes' own positions as a small product each. Grouped-query heads
 * are never expanded: the query heads of one key/value head stand as rows. A long lane goes through
 * in blocks of queries, each against the keys up to its end: half the work of the full square, and
 * memory that does not grow with the square of the length.
 */
import * as tf from '@tensorflow/tfjs-core'
import { internalError } from '../errors.ts'
import type { LaneGroup } from '../lanes.ts'
import { to2d, to3d, to4d } from '../reshape.ts'
import { fire, isWatched, layerSpecOf, type PassContext } from './context.ts'

/** Queries a block: products stay large, and a block's scores stay near the cache. */
const BLOCK = 128

/** q [rows, head, d_head] and k, v [rows, kv_head, d_head] of the whole batch → z of one group, [rows of the group, head · d_head]. */
export function mixGroup(
  context: PassContext,
  group: LaneGroup,
  q: tf.Tensor3D,
  k: tf.Tensor3D,
  v: tf.Tensor3D,
): tf.Tensor2D {
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
  const ownQ = tf.mul(own(q, perKv * dHead), layerSpec.attentionScale) // [n, kv_head, length, perKv · d_head]
  const ownK = to3d(own(k, dHead), [n * kvHeads, length, dHead])
  const ownV = to3d(own(v, dHead), [n * kvHeads, length, dHead])
  const prefix =
    group.prefix === null || start === 0
      ? null
      : {
          keys: tf.slice(layerOf(group.prefix.keys, layer), [0, 0, 0], [kvHeads, start, dHead]),
          values: tf.slice(layerOf(group.prefix.values, layer), [0, 0, 0], [kvHeads, start, dHead]),
        }
  const parts = blocksOf(context, length).map(([begin, end]) =>
    tf.tidy(() => {
      const queries = (end - begin) * perKv
      const block = tf.slice(ownQ, [0, 0, begin, 0], [n, kvHeads, end - begin, perKv * dHead])
      const asked = to3d(block, [n * kvHeads, queries, dHead])
      const keys = upTo(ownK, end)
      let scores = backend.matMul(asked, keys, true) // [n · kv_head, queries, end]
      if (prefix !== null) {
        const shared = backend.matMul(headsFirst(asked, n, kvHeads), prefix.keys, true) // [kv_head, n · queries, start]
        scores = tf.concat([lanesFirst(shared, n, kvHeads), scores], 2)
      }
      const pattern = weigh(context, group, scores, begin, end) // [n · kv_head, queries, start + end]
      const values = upTo(ownV, end)
      if (prefix === null) return backend.matMul(pattern, values, false)
      const before = tf.slice(pattern, [0, 0, 0], [n * kvHeads, queries, start])
      const within = tf.slice(pattern, [0, 0, start], [n * kvHeads, queries, end])
      const fromPrefix = backend.matMul(headsFirst(before, n, kvHeads), prefix.values, false)
      return tf.add<tf.Tensor3D>(lanesFirst(fromPrefix, n, kvHeads), backend.matMul(within, values, false))
    }),
  )
  const mixed = parts.length === 1 && parts[0] !== undefined ? parts[0] : tf.concat(parts, 1)
  const back = tf.transpose(to4d(mixed, [n, kvHeads, length, perKv * dHead]), [0, 2, 1, 3])
  return to2d(back, [rows, spec.heads * dHead])
}

/** Stretches of a lane's queries. Scores and patterns that someone watches come in one piece. */
function blocksOf(context: PassContext, length: number): [begin: number, end: number][] {
  if (length <= BLOCK || isWatched(context, 'attn_scores') || isWatched(context, 'pattern')) return [[0, length]]
  return Array.from({ length: Math.ceil(length / BLOCK) }, (_, i) => [i * BLOCK, Math.min(length, (i + 1) * BLOCK)])
}

/** The first `end` positions: [batch, pos, width]. */
function upTo(x: tf.Tensor3D, end: number): tf.Tensor3D {
  const [batch, length, width] = x.shape
  return end === length ? x : tf.slice(x, [0, 0, 0], [batch, end, width])
}

/**
 * Soft-cap, mask and softmax of a lane's queries `begin` … `end` − 1, with the two hook points on the
 * way: scores [n · kv_head, queries · perKv, start + end] → same shape.
 */
function weigh(context: PassContext, group: LaneGroup, scores: tf.Tensor3D, begin: number, end: number): tf.Tensor3D {
  const { spec, layer } = context
  const { count: n, start } = group
  const length = end - begin
  const { kvHeads, heads } = spec
  const perKv = heads / kvHeads
  const keys = start + end
  const cap = spec.attentionSoftCap
  const capped = cap === null ? scores : tf.mul(tf.tanh(tf.div(scores, cap)), cap)
  const mask = to4d(maskOf(start + begin, length, layerSpecOf(context).window), [1, length, 1, keys])
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

/** 0 where the query of each row may look, −∞ where not: [length, first + length]. @param first position of the first query */
function maskOf(first: number, length: number, window: number | null): tf.Tensor2D {
  const keys = first + length
  const mask = new Float32Array(length * keys)
  for (let i = 0; i < length; i++) {
    const query = first + i
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
