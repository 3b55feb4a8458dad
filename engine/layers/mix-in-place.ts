/**
 * Scores, pattern and mix where products read and write parts of tensors where they lie: the same
 * pass as `mix.ts`, without its slices, transposes and joins. Queries, keys and values stay
 * [rows, head, d_head] as the projections left them; a head is a window of them. Scores of a piece
 * of a group are one tensor [head, rows, keys]: first the shared prefix's, by one product a head for
 * all lanes, behind them each lane's own. No lane's numbers ever enter another lane's product.
 */
import * as tf from '@tensorflow/tfjs-core'
import type { HostProducts, Window } from '../backends/types.ts'
import { internalError } from '../errors.ts'
import type { LaneGroup } from '../lanes.ts'
import { to2d, to3d, to4d } from '../reshape.ts'
import { fire, isWatched, layerSpecOf, type PassContext } from './context.ts'

/** Queries of one lane at a time, so that a long lane costs half its square. */
const BLOCK = 128
/** Scores held at once: 16 MB, near the cache. */
const MAX_SCORES = 4_000_000

/** Queries of some lanes of a group: positions `begin` … `end` − 1 of each, counted from the lane's start. */
interface Piece {
  readonly group: LaneGroup
  readonly firstLane: number
  readonly lanes: number
  readonly begin: number
  readonly end: number
}

/** q [rows, head, d_head], k and v [rows, kv_head, d_head] → z, [rows, head · d_head]. The caller tidies. */
export function mixInPlace(
  context: PassContext,
  windows: HostProducts,
  q: tf.Tensor3D,
  k: tf.Tensor3D,
  v: tf.Tensor3D,
): tf.Tensor2D {
  const { heads, dHead } = context.spec
  const { batch } = context
  const z = windows.output([batch.rows, heads * dHead])
  for (const group of batch.groups)
    for (const piece of piecesOf(context, group))
      tf.tidy(() => {
        const pattern = weigh(context, windows, piece, q, k)
        mixPiece(context, windows, piece, pattern, v, z)
      })
  return to2d(z, [batch.rows, heads * dHead])
}

/** Scores and patterns that someone watches come in one piece. */
function piecesOf(context: PassContext, group: LaneGroup): Piece[] {
  const { heads } = context.spec
  const { count, length, start } = group
  if (isWatched(context, 'attn_scores') || isWatched(context, 'pattern'))
    return [{ group, firstLane: 0, lanes: count, begin: 0, end: length }]
  const pieces: Piece[] = []
  for (let begin = 0; begin < length; begin += BLOCK) {
    const end = Math.min(length, begin + BLOCK)
    // Several queries of one lane share their products; one query of many lanes does not need them to.
    const lanes = Math.max(1, Math.floor(MAX_SCORES / (heads * (end - begin) * (start + end))))
    for (let firstLane = 0; firstLane < count; firstLane += lanes)
      pieces.push({ group, firstLane, lanes: Math.min(lanes, count - firstLane), begin, end })
  }
  return pieces
}

/** Rows of a piece, and what each of them sees. */
function sizesOf({ group, lanes, begin, end }: Piece): { queries: number; rows: number; keys: number } {
  const queries = end - begin
  return { queries, rows: lanes * queries, keys: group.start + end }
}

/** Windows on a piece's scores or pattern [head, rows, keys], from a row and a key of a head on. */
function scoresOf(values: Float32Array, piece: Piece): (head: number, row: number, key: number) => Window {
  const { rows, keys } = sizesOf(piece)
  return (head, row, key) => ({ values: values.subarray((head * rows + row) * keys + key), stride: keys })
}

/** The part of [rows, head, width] that one head is, from a row on. */
function headOf(values: Float32Array, heads: number, width: number, row: number, head: number): Window {
  return { values: values.subarray((row * heads + head) * width), stride: heads * width }
}

/** Runs of rows that lie together: all of a piece, or each lane's where the piece holds a part of each. */
function stretchesOf({ group, firstLane, lanes, begin, end }: Piece): { row: number; at: number; rows: number }[] {
  const first = group.row + firstLane * group.length
  const rows = end - begin
  if (rows === group.length) return [{ row: first, at: 0, rows: lanes * rows }]
  return Array.from({ length: lanes }, (_, lane) => ({
    row: first + lane * group.length + begin,
    at: lane * rows,
    rows,
  }))
}

/** Pattern of a piece: [head, lanes · queries, start + end]. */
function weigh(context: PassContext, windows: HostProducts, piece: Piece, q: tf.Tensor3D, k: tf.Tensor3D): tf.Tensor {
  const { spec, backend, layer } = context
  const { heads, kvHeads, dHead } = spec
  const { group, firstLane, lanes, begin, end } = piece
  const { start } = group
  const perKv = heads / kvHeads
  const { queries, rows, keys } = sizesOf(piece)
  const scale = layerSpecOf(context).attentionScale
  let scores = windows.output([heads, rows, keys])
  const [asked, own, into] = [backend.view(q), backend.view(k), backend.view(scores)]
  const at = scoresOf(into, piece)
  if (start > 0) {
    const prefix = prefixOf(group.prefix?.keys, layer)
    const before = backend.view(prefix)
    for (const stretch of stretchesOf(piece))
      for (let head = 0; head < heads; head++)
        windows.multiply({
          m: stretch.rows,
          n: start,
          k: dHead,
          a: headOf(asked, heads, dHead, stretch.row, head),
          b: prefixHead(before, prefix, dHead, Math.floor(head / perKv)),
          transposeB: true,
          c: at(head, stretch.at, 0),
          scale,
        })
  }
  for (let lane = 0; lane < lanes; lane++) {
    const row = group.row + (firstLane + lane) * group.length
    for (let kv = 0; kv < kvHeads; kv++) {
      const b = headOf(own, kvHeads, dHead, row, kv)
      if (group.length === 1) {
        // The query heads of one row lie one after another: they are the rows of one product.
        const a = { values: asked.subarray((row * heads + kv * perKv) * dHead), stride: dHead }
        const c = { values: at(kv * perKv, lane, start).values, stride: rows * keys }
        windows.multiply({ m: perKv, n: 1, k: dHead, a, b, transposeB: true, c, scale })
        continue
      }
      for (let head = kv * perKv; head < (kv + 1) * perKv; head++)
        windows.multiply({
          m: queries,
          n: end,
          k: dHead,
          a: headOf(asked, heads, dHead, row + begin, head),
          b,
          transposeB: true,
          c: at(head, lane * queries, start),
          scale,
        })
    }
  }
  const cap = spec.attentionSoftCap
  if (cap !== null) scores = tf.mul(tf.tanh(tf.div(scores, cap)), cap)
  const window = layerSpecOf(context).window
  const hidden = (x: tf.Tensor): tf.Tensor =>
    backend.edit(x, values => hide(values, heads * lanes, queries, keys, start + begin, window))
  // Hooks know [lane, head, query, key].
  const outward = (x: tf.Tensor) => tf.transpose(to4d(x, [heads, lanes, queries, keys]), [1, 0, 2, 3])
  const inward = (x: tf.Tensor4D) => to3d(tf.transpose(x, [1, 0, 2, 3]), [heads, rows, keys])

  let open = hidden(scores)
  if (isWatched(context, 'attn_scores')) {
    const fired = fire(context, 'attn_scores', outward(open), group)
    // What a query may not see stays unseen, whatever was set there.
    if (context.tap.edits('attn_scores', layer)) open = hidden(inward(fired))
  }
  const pattern = backend.native === null ? tf.softmax(open) : backend.native.softmax(open)
  if (!isWatched(context, 'pattern')) return pattern
  const fired = fire(context, 'pattern', outward(pattern), group)
  return context.tap.edits('pattern', layer) ? inward(fired) : pattern
}

/**
 * Sets what a query may not see to −∞: values [stretches, queries, keys].
 * @param first position of each stretch's first query
 */
function hide(
  values: Float32Array,
  stretches: number,
  queries: number,
  keys: number,
  first: number,
  window: number | null,
): void {
  for (let stretch = 0; stretch < stretches; stretch++)
    for (let i = 0; i < queries; i++) {
      const row = (stretch * queries + i) * keys
      const query = first + i
      if (query + 1 < keys) values.fill(Number.NEGATIVE_INFINITY, row + query + 1, row + keys)
      if (window !== null && query - window >= 0) values.fill(Number.NEGATIVE_INFINITY, row, row + query - window + 1)
    }
}

/** Writes what a piece's queries read into z [rows, head · d_head]. */
function mixPiece(
  { spec, backend, layer }: PassContext,
  windows: HostProducts,
  piece: Piece,
  pattern: tf.Tensor,
  v: tf.Tensor3D,
  z: tf.Tensor,
): void {
  const { heads, kvHeads, dHead } = spec
  const { group, firstLane, lanes, begin, end } = piece
  const { start } = group
  const perKv = heads / kvHeads
  const { queries, rows, keys } = sizesOf(piece)
  const [weights, own, into] = [backend.view(pattern), backend.view(v), backend.view(z)]
  const at = scoresOf(weights, piece)
  if (start > 0) {
    const prefix = prefixOf(group.prefix?.values, layer)
    const before = backend.view(prefix)
    for (const stretch of stretchesOf(piece))
      for (let head = 0; head < heads; head++)
        windows.multiply({
          m: stretch.rows,
          n: dHead,
          k: start,
          a: at(head, stretch.at, 0),
          b: prefixHead(before, prefix, dHead, Math.floor(head / perKv)),
          transposeB: false,
          c: headOf(into, heads, dHead, stretch.row, head),
        })
  }
  const add = start > 0
  for (let lane = 0; lane < lanes; lane++) {
    const row = group.row + (firstLane + lane) * group.length
    for (let kv = 0; kv < kvHeads; kv++) {
      const b = headOf(own, kvHeads, dHead, row, kv)
      if (group.length === 1) {
        const a = { values: at(kv * perKv, lane, start).values, stride: rows * keys }
        const c = { values: into.subarray((row * heads + kv * perKv) * dHead), stride: dHead }
        windows.multiply({ m: perKv, n: dHead, k: 1, a, b, transposeB: false, c, add })
        continue
      }
      for (let head = kv * perKv; head < (kv + 1) * perKv; head++)
        windows.multiply({
          m: queries,
          n: dHead,
          k: end,
          a: at(head, lane * queries, start),
          b,
          transposeB: false,
          c: headOf(into, heads, dHead, row + begin, head),
          add,
        })
    }
  }
}

/** One head of a prefix [kv_head, pos, d_head]. */
function prefixHead(values: Float32Array, { shape }: tf.Tensor3D, dHead: number, kvHead: number): Window {
  return { values: values.subarray(kvHead * shape[1] * dHead), stride: dHead }
}

function prefixOf(tensors: readonly tf.Tensor3D[] | undefined, layer: number): tf.Tensor3D {
  const tensor = tensors?.[layer]
  if (tensor === undefined) throw internalError(`no keys kept for layer ${layer}`)
  return tensor
}
