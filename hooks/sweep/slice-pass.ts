/**
 * One slice of a sweep on its way down the layers. Between two halves of a layer new lanes join;
 * rows of lanes that share prefix and start are kept together, so that attention serves them as one.
 * After the last attention only the measured row of each lane goes on.
 */
import * as tf from '@tensorflow/tfjs-core'
import { internalError } from '../../engine/errors.ts'
import { passContext, RotaryTables, takeRows } from '../../engine/forward.ts'
import { type Batch, batchOf, type Lane } from '../../engine/lanes.ts'
import { attentionHalf, enterBlock, mlpHalf } from '../../engine/layers/block.ts'
import { fire } from '../../engine/layers/context.ts'
import type { Model } from '../../engine/model.ts'
import { SITES } from '../../engine/points.ts'
import type { Tap } from '../../engine/tap.ts'
import type { LayerWeights } from '../../engine/weights.ts'
import type { Edit } from '../edit.ts'
import { type LaneHooks, LaneTap } from '../lane-tap.ts'
import type { BaseRun } from './base-run.ts'
import { addDeltas } from './delta.ts'
import type { PlannedPatch } from './resolve.ts'

/** A lane of a sweep. */
export interface SweepLane extends Lane {
  readonly plan: PlannedPatch
  readonly base: BaseRun
  readonly entering: readonly Edit[]
  readonly hooks: LaneHooks
  /** The one row of it that goes on after the last attention; a tail's own is null. */
  readonly tail: SweepLane | null
}

export function makeLane(plan: PlannedPatch, base: BaseRun, entering: readonly Edit[], hooks: LaneHooks): SweepLane {
  const shared = { plan, base, entering, hooks, prefix: base.keyValues }
  return {
    ...shared,
    start: plan.start,
    length: plan.end - plan.start + 1,
    tail: { ...shared, start: plan.end, length: 1, tail: null },
  }
}

const tailOf = (lane: SweepLane): SweepLane => lane.tail ?? lane

/** Lanes that are under way, their rows in this order. */
interface Active {
  readonly lanes: readonly SweepLane[]
  readonly stream: tf.Tensor2D
}

const inOrder = (a: SweepLane, b: SweepLane): number =>
  a.plan.base - b.plan.base || a.start - b.start || a.plan.patch - b.plan.patch

/**
 * Runs the lanes of one slice; returns the last stream at each lane's measured row, in the lanes'
 * order: [lanes, d_model]. The caller disposes it.
 */
export async function runSliceLayers(
  model: Model,
  lanes: readonly SweepLane[],
  signal: AbortSignal | undefined,
): Promise<tf.Tensor2D> {
  const { spec } = model
  const count = spec.layers.length
  const tap = tapOf(model, lanes)
  const trims = !lanes.some(lane => lane.plan.whole)
  const joining = new Map<number, SweepLane[]>()
  for (const lane of lanes) joining.set(lane.plan.boundary, [...(joining.get(lane.plan.boundary) ?? []), lane])
  const first = Math.min(...joining.keys())
  let active = joinAt(model, null, joining.get(0) ?? [], null, 0)
  try {
    // A lane that joins after a layer's MLP may need that layer's matrix.
    for (let layer = Math.max(0, Math.ceil(first / 2) - 1); layer < count; layer++) {
      signal?.throwIfAborted()
      const weights = await model.weights.layer(layer)
      const mids = joining.get(2 * layer + 1) ?? []
      const posts = joining.get(2 * layer + 2) ?? []
      const cut = trims && layer === count - 1
      if (active !== null || mids.length > 0) active = passLayer(model, tap, layer, weights, active, mids, cut)
      active = joinAt(model, active, cut ? posts.map(tailOf) : posts, weights, 2 * layer + 2)
      if (active !== null) active = fireStream(model, tap, layer, active)
    }
    if (active === null) throw internalError('a slice whose lanes never joined')
    return lastRows(active, lanes)
  } catch (error) {
    active?.stream.dispose()
    throw error
  }
}

/** Fires `hook_resid_post` for those under way and those who just joined. */
function fireStream(model: Model, tap: Tap, layer: number, active: Active): Active {
  const context = passContext(model, batchOf(active.lanes), tap, layer)
  const stream = tf.tidy(() => fire(context, 'resid_post', tf.clone(active.stream)))
  active.stream.dispose()
  return { ...active, stream }
}

/** One layer: attention for those under way, others join, then the MLP for all. */
function passLayer(
  model: Model,
  tap: Tap,
  layer: number,
  weights: LayerWeights,
  before: Active | null,
  mids: readonly SweepLane[],
  cut: boolean,
): Active {
  let active = before
  let attended: tf.Tensor2D | null = null
  try {
    if (active !== null) {
      const halfway = attend(model, tap, layer, weights, active)
      attended = halfway.out
      active.stream.dispose()
      active = { lanes: active.lanes, stream: halfway.stream }
    }
    active = joinAt(model, active, mids, weights, 2 * layer + 1)
    if (active === null) throw internalError('a layer without lanes')
    const { stream } = active
    const lanes = cut ? active.lanes.map(tailOf) : active.lanes
    const rows = cut ? measuredRows(batchOf(active.lanes)) : null
    const parallelOut = attended
    const next = tf.tidy(() => {
      const pick = (x: tf.Tensor2D): tf.Tensor2D => (rows === null ? x : takeRows(x, rows))
      const context = passContext(model, batchOf(lanes), tap, layer)
      const input = pick(tf.clone(stream))
      if (parallelOut !== null && model.spec.parallel)
        return tf.add<tf.Tensor2D>(input, tf.add(pick(parallelOut), mlpHalf(context, input, weights)))
      const mid = model.spec.parallel ? input : fire(context, 'resid_mid', input)
      return tf.add<tf.Tensor2D>(mid, mlpHalf(context, mid, weights))
    })
    stream.dispose()
    return { lanes, stream: next }
  } finally {
    attended?.dispose()
  }
}

/**
 * Attention of those under way. With sequential halves the stream after it; with parallel ones the
 * stream before it, and what attention adds.
 */
function attend(
  model: Model,
  tap: Tap,
  layer: number,
  weights: LayerWeights,
  active: Active,
): { stream: tf.Tensor2D; out: tf.Tensor2D | null } {
  const batch = batchOf(active.lanes)
  const rotary = new RotaryTables(batch.positions)
  try {
    const context = passContext(model, batch, tap, layer)
    const table = rotary.of(model.spec.layers[layer]?.rotary ?? null)
    const { stream, out } = tf.tidy(() => {
      const pre = enterBlock(context, active.stream)
      const attended = attentionHalf(context, pre, weights, table)
      const next = model.spec.parallel ? tf.clone(pre) : tf.add<tf.Tensor2D>(pre, attended.out)
      return { stream: next, out: attended.out }
    })
    if (model.spec.parallel) return { stream, out }
    out.dispose()
    return { stream, out: null }
  } finally {
    rotary.dispose()
  }
}

/** Adds lanes to those under way. Takes over the old stream. */
function joinAt(
  model: Model,
  active: Active | null,
  joining: readonly SweepLane[],
  weights: LayerWeights | null,
  boundary: number,
): Active | null {
  if (joining.length === 0) return active
  const width = model.spec.dModel
  const batch = batchOf(joining)
  const block = new Float32Array(batch.rows * width)
  for (const [i, lane] of joining.entries())
    block.set(lane.base.stream(boundary, lane.start, lane.plan.end), (batch.rowOf[i] ?? 0) * width)
  const edits = joining.flatMap((lane, i) =>
    lane.entering.map(edit => ({ edit, base: lane.base, row: (batch.rowOf[i] ?? 0) + edit.position - lane.start })),
  )
  addDeltas(model.backend, edits, weights, block, width)
  const together = [...(active?.lanes ?? []), ...joining]
  const order = [...together.keys()].sort((a, b) => compare(together, a, b))
  const placed = batchOf(together)
  const stream = tf.tidy(() => {
    const fresh = tf.tensor2d(block, [batch.rows, width])
    const all = active === null ? fresh : tf.concat([active.stream, fresh], 0)
    if (order.every((from, to) => from === to)) return all
    return takeRows(
      all,
      order.flatMap(from => rowsOf(placed, from)),
    )
  })
  active?.stream.dispose()
  return { lanes: order.flatMap(from => together[from] ?? []), stream }
}

function compare(lanes: readonly SweepLane[], a: number, b: number): number {
  const [first, second] = [lanes[a], lanes[b]]
  return first === undefined || second === undefined ? 0 : inOrder(first, second)
}

function rowsOf(batch: Batch, lane: number): number[] {
  const first = batch.rowOf[lane] ?? 0
  return Array.from({ length: batch.lanes[lane]?.length ?? 0 }, (_, i) => first + i)
}

/** The last row of each lane: its measured position. */
function measuredRows(batch: Batch): number[] {
  return batch.lanes.map((lane, i) => (batch.rowOf[i] ?? 0) + lane.length - 1)
}

/** The measured row of each lane, in the order of `lanes`. Takes over the stream. */
function lastRows(active: Active, lanes: readonly SweepLane[]): tf.Tensor2D {
  const rows = measuredRows(batchOf(active.lanes))
  const rowOf = new Map(active.lanes.map((lane, i) => [lane.plan, rows[i] ?? 0]))
  const picked = takeRows(
    active.stream,
    lanes.map(lane => rowOf.get(lane.plan) ?? 0),
  )
  active.stream.dispose()
  return picked
}

/** The tap of all lanes; what fires after the last attention is met by the tail rows. */
function tapOf(model: Model, lanes: readonly SweepLane[]): Tap {
  const last = model.spec.layers.length - 1
  const hooks = new Map<Lane, LaneHooks>()
  for (const lane of lanes) {
    const { edits = [], functions = [] } = lane.hooks
    if (edits.length + functions.length === 0) continue
    const isLate = (edit: Edit): boolean => {
      const { stage } = SITES[edit.point.site]
      return !lane.plan.whole && edit.point.layer === last && stage !== 'attention'
    }
    const early = edits.filter(edit => !isLate(edit) && SITES[edit.point.site].stage !== 'unembed')
    hooks.set(lane, { edits: early, functions: functions.filter(({ point }) => SITES[point.site].stage !== 'unembed') })
    hooks.set(tailOf(lane), { edits: edits.filter(isLate) })
  }
  return new LaneTap(model.spec, model.backend, hooks)
}
