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
import { addDeltas, type Entry } from './delta.ts'
import type { PlannedPatch } from './resolve.ts'

/** A lane of a sweep. */
export interface SweepLane extends Lane {
  readonly plan: PlannedPatch
  readonly base: BaseRun
  /** What it gains where it joins. */
  readonly entering: readonly Entry[]
  readonly hooks: LaneHooks
  /** The one row of it that goes on after the last attention; a tail's own is null. */
  readonly tail: SweepLane | null
}

export function makeLane(plan: PlannedPatch, base: BaseRun, entering: readonly Entry[], hooks: LaneHooks): SweepLane {
  const shared = { plan, base, entering, hooks, prefix: base.keyValues }
  return {
    ...shared,
    start: plan.start,
    length: plan.end - plan.start + 1,
    tail: { ...shared, start: plan.end, length: 1, tail: null },
  }
}

const tailOf = (lane: SweepLane): SweepLane => lane.tail ?? lane

/** Lanes that are under way, and their rows. */
interface Active {
  readonly batch: Batch<SweepLane>
  readonly stream: tf.Tensor2D // [rows, d_model]
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
  const count = model.spec.layers.length
  const tap = tapOf(model, lanes)
  const trims = !lanes.some(lane => lane.plan.whole)
  const joining = byBoundary(lanes)
  const first = Math.min(...joining.keys())
  let active: Active | null = null
  const goOn = (next: Active | null): void => {
    if (active !== null && active.stream !== next?.stream) active.stream.dispose()
    active = next
  }
  try {
    goOn(joinAt(model, null, joining.get(0) ?? [], null, 0))
    // A lane that joins after a layer's MLP may need that layer's matrix.
    for (let layer = Math.max(0, Math.ceil(first / 2) - 1); layer < count; layer++) {
      signal?.throwIfAborted()
      const weights = await model.weights.layer(layer)
      const mids = joining.get(2 * layer + 1) ?? []
      const posts = joining.get(2 * layer + 2) ?? []
      const cut = trims && layer === count - 1
      if (active !== null || mids.length > 0) goOn(passLayer(model, tap, layer, weights, active, mids, cut))
      goOn(joinAt(model, active, cut ? posts.map(tailOf) : posts, weights, 2 * layer + 2))
      goOn(fireStream(model, tap, layer, active))
    }
    return lastRows(active, lanes)
  } finally {
    goOn(null)
  }
}

function byBoundary(lanes: readonly SweepLane[]): Map<number, SweepLane[]> {
  const joining = new Map<number, SweepLane[]>()
  for (const lane of lanes) {
    const list = joining.get(lane.plan.boundary)
    if (list === undefined) joining.set(lane.plan.boundary, [lane])
    else list.push(lane)
  }
  return joining
}

/** Fires `hook_resid_post` for those under way and those who just joined. */
function fireStream(model: Model, tap: Tap, layer: number, active: Active | null): Active | null {
  if (active === null || !tap.edits('resid_post', layer)) return active
  const context = passContext(model, active.batch, tap, layer)
  return { batch: active.batch, stream: tf.tidy(() => fire(context, 'resid_post', tf.clone(active.stream))) }
}

/** One layer: attention for those under way, others join, then the MLP for all. Keeps what it is given. */
function passLayer(
  model: Model,
  tap: Tap,
  layer: number,
  weights: LayerWeights,
  before: Active | null,
  mids: readonly SweepLane[],
  cut: boolean,
): Active {
  const { parallel } = model.spec
  let batch = before?.batch ?? batchOf<SweepLane>([])
  const stream = tf.tidy(() => {
    const attended = before === null ? null : attend(model, tap, layer, weights, before)
    const after =
      attended === null
        ? null
        : { batch, stream: parallel ? attended.pre : tf.add<tf.Tensor2D>(attended.pre, attended.out) }
    const joined = joinAt(model, after, mids, weights, 2 * layer + 1)
    if (joined === null) throw internalError('a layer without lanes')
    const rows = cut ? measuredRows(joined.batch) : null
    const pick = (x: tf.Tensor2D): tf.Tensor2D => (rows === null ? x : takeRows(x, rows))
    batch = cut ? batchOf(joined.batch.lanes.map(tailOf)) : joined.batch
    const context = passContext(model, batch, tap, layer)
    const input = pick(joined.stream)
    if (parallel && attended !== null) {
      const added = tf.add<tf.Tensor2D>(pick(attended.out), mlpHalf(context, input, weights))
      return tf.add<tf.Tensor2D>(input, added)
    }
    const mid = fire(context, 'resid_mid', input)
    return tf.add<tf.Tensor2D>(mid, mlpHalf(context, mid, weights))
  })
  return { batch, stream }
}

/** Attention of those under way: the stream before it, as hooks leave it, and what it adds. The caller tidies. */
function attend(
  model: Model,
  tap: Tap,
  layer: number,
  weights: LayerWeights,
  active: Active,
): { pre: tf.Tensor2D; out: tf.Tensor2D } {
  const rotary = new RotaryTables(active.batch.positions)
  try {
    const context = passContext(model, active.batch, tap, layer)
    const table = rotary.of(model.spec.layers[layer]?.rotary ?? null)
    return tf.tidy(() => {
      const pre = enterBlock(context, tf.clone(active.stream))
      return { pre, out: attentionHalf(context, pre, weights, table).out }
    })
  } finally {
    rotary.dispose()
  }
}

/** Those under way and those who join, in order; keeps what it is given. */
function joinAt(
  model: Model,
  active: Active | null,
  joining: readonly SweepLane[],
  weights: LayerWeights | null,
  boundary: number,
): Active | null {
  if (joining.length === 0) return active
  const width = model.spec.dModel
  const fresh = batchOf(joining)
  const block = new Float32Array(fresh.rows * width)
  for (const [i, lane] of joining.entries())
    block.set(lane.base.stream(boundary, lane.start, lane.plan.end), (fresh.rowOf[i] ?? 0) * width)
  const entries = joining.flatMap((lane, i) =>
    lane.entering.map(entry => ({ entry, row: (fresh.rowOf[i] ?? 0) + entry.position - lane.start })),
  )
  addDeltas(model.backend, entries, weights, block, width)
  const together = batchOf([...(active?.batch.lanes ?? []), ...joining])
  const order = together.lanes.map((lane, from) => ({ lane, from })).sort((a, b) => inOrder(a.lane, b.lane))
  const stream = tf.tidy(() => {
    const added = tf.tensor2d(block, [fresh.rows, width])
    const all = active === null ? added : tf.concat([active.stream, added], 0)
    if (order.every(({ from }, to) => from === to)) return all
    return takeRows(
      all,
      order.flatMap(({ from }) => rowsOf(together, from)),
    )
  })
  return { batch: batchOf(order.map(({ lane }) => lane)), stream }
}

function rowsOf(batch: Batch, lane: number): number[] {
  const first = batch.rowOf[lane] ?? 0
  return Array.from({ length: batch.lanes[lane]?.length ?? 0 }, (_, i) => first + i)
}

/** The last row of each lane: its measured position. */
function measuredRows(batch: Batch): number[] {
  return batch.lanes.map((lane, i) => (batch.rowOf[i] ?? 0) + lane.length - 1)
}

/** The measured row of each lane, in the order of `lanes`. Keeps the stream. */
function lastRows(active: Active | null, lanes: readonly SweepLane[]): tf.Tensor2D {
  if (active === null) throw internalError('a slice whose lanes never joined')
  const rows = measuredRows(active.batch)
  const rowOf = new Map(active.batch.lanes.map((lane, i) => [lane.plan, rows[i] ?? 0]))
  return takeRows(
    active.stream,
    lanes.map(lane => rowOf.get(lane.plan) ?? 0),
  )
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
