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

/** A lane of a sweep. What it changes is asked for layer by layer, when base run and donors are through. */
export interface SweepLane extends Lane {
  readonly plan: PlannedPatch
  readonly base: BaseRun
  /** What it gains where it joins; null where the numbers are the base's own, so that nothing changes. */
  readonly entering: () => readonly Entry[] | null
  /** What it meets in a layer; in the unembedding, for the number of layers. */
  readonly hooksAt: (layer: number) => LaneHooks
  /** The one row of it that goes on after the last attention; null where all do, and for a tail. */
  readonly tail: SweepLane | null
}

export function makeLane(
  plan: PlannedPatch,
  base: BaseRun,
  { entering, hooksAt }: Pick<SweepLane, 'entering' | 'hooksAt'>,
): SweepLane {
  const shared = { plan, base, entering, hooksAt, prefix: base.keyValues }
  return {
    ...shared,
    start: plan.start,
    length: plan.end - plan.start + 1,
    tail: plan.whole ? null : { ...shared, start: plan.measured, length: 1, tail: null },
  }
}

const tailOf = (lane: SweepLane): SweepLane => lane.tail ?? lane

/** A lane that joins, with what it gains. */
interface Joining {
  readonly lane: SweepLane
  readonly entries: readonly Entry[]
}

/** Lanes that are under way, and their rows. */
export interface Active {
  readonly batch: Batch<SweepLane>
  readonly stream: tf.Tensor2D // [rows, d_model]
}

const inOrder = (a: SweepLane, b: SweepLane): number =>
  a.plan.base - b.plan.base || a.start - b.start || a.plan.patch - b.plan.patch

export interface SliceEnd {
  /** Lanes that changed something, and their last stream: the measured rows, or every row of whole ones. The caller disposes it. */
  readonly active: Active | null
  readonly unchanged: readonly SweepLane[]
}

/** Runs the lanes of one slice down the layers. */
export async function runSliceLayers(
  model: Model,
  lanes: readonly SweepLane[],
  signal: AbortSignal | undefined,
): Promise<SliceEnd> {
  const count = model.spec.layers.length
  const trims = !lanes.some(lane => lane.plan.whole)
  const waiting = byBoundary(lanes)
  const first = Math.min(...waiting.keys())
  const unchanged: SweepLane[] = []
  const joiningAt = (boundary: number): Joining[] =>
    (waiting.get(boundary) ?? []).flatMap(lane => {
      const entries = lane.entering()
      if (entries === null) unchanged.push(lane)
      return entries === null ? [] : [{ lane, entries }]
    })
  let active: Active | null = null
  const goOn = (next: Active | null): void => {
    if (active !== null && active.stream !== next?.stream) active.stream.dispose()
    active = next
  }
  try {
    // A lane that joins after a layer's MLP may need that layer's matrix.
    for (let layer = Math.max(0, Math.ceil(first / 2) - 1); layer < count; layer++) {
      signal?.throwIfAborted()
      const pending = model.weights.layer(layer)
      const weights = pending instanceof Promise ? await pending : pending
      const tap = tapAt(model, lanes, layer)
      if (layer === 0) goOn(joinAt(model, null, joiningAt(0), null, 0))
      const mids = joiningAt(2 * layer + 1)
      const posts = joiningAt(2 * layer + 2)
      const cut = trims && layer === count - 1
      if (active !== null || mids.length > 0) goOn(passLayer(model, tap, layer, weights, active, mids, cut))
      const after = cut ? posts.map(({ lane, entries }) => ({ lane: tailOf(lane), entries })) : posts
      goOn(joinAt(model, active, after, weights, 2 * layer + 2))
      goOn(fireStream(model, tap, layer, active))
    }
    return { active, unchanged }
  } catch (error) {
    goOn(null)
    throw error
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
  mids: readonly Joining[],
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
    const pick = (x: tf.Tensor2D): tf.Tensor2D => (rows === null ? x : takeRows(model.backend, x, rows))
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
  joining: readonly Joining[],
  weights: LayerWeights | null,
  boundary: number,
): Active | null {
  if (joining.length === 0) return active
  const width = model.spec.dModel
  const fresh = batchOf(joining.map(({ lane }) => lane))
  const block = new Float32Array(fresh.rows * width)
  for (const [i, lane] of fresh.lanes.entries())
    block.set(lane.base.stream(boundary, lane.start, lane.plan.end), (fresh.rowOf[i] ?? 0) * width)
  const entries = joining.flatMap(({ lane, entries: own }, i) =>
    own.map(entry => ({ entry, row: (fresh.rowOf[i] ?? 0) + entry.position - lane.start })),
  )
  addDeltas(model.backend, entries, weights, block, width)
  const old = active?.batch
  const places = [
    ...(old?.lanes ?? []).map((lane, i) => ({ lane, row: old?.rowOf[i] ?? 0, isOld: true })),
    ...fresh.lanes.map((lane, i) => ({ lane, row: fresh.rowOf[i] ?? 0, isOld: false })),
  ].sort((a, b) => inOrder(a.lane, b.lane))
  const batch = batchOf(places.map(({ lane }) => lane))
  if (!model.backend.onHost) {
    const before = old?.rows ?? 0
    const rows = places.flatMap(({ lane, row, isOld }) =>
      Array.from({ length: lane.length }, (_, i) => row + i + (isOld ? 0 : before)),
    )
    // What is on the device stays there: new rows go up, none comes down.
    const stream = tf.tidy(() => {
      const added = tf.tensor2d(block, [fresh.rows, width])
      return takeRows(model.backend, active === null ? added : tf.concat([active.stream, added], 0), rows)
    })
    return { batch, stream }
  }
  // Rows are gathered in host memory: a copy a lane, where a kernel would go element by element.
  const stream = model.backend.create([batch.rows, width], values => {
    const under = active === null ? block : model.backend.view(active.stream)
    for (const [i, { lane, row, isOld }] of places.entries()) {
      const from = isOld ? under : block
      values.set(from.subarray(row * width, (row + lane.length) * width), (batch.rowOf[i] ?? 0) * width)
    }
  })
  return { batch, stream: stream as tf.Tensor2D }
}

/** The row of each lane at its measured position. */
export function measuredRows(batch: Batch<SweepLane>): number[] {
  return batch.lanes.map(({ plan, start }, i) => (batch.rowOf[i] ?? 0) + plan.measured - start)
}

/** The tap of one layer for all lanes; what fires after the last attention is met by the tail rows. */
function tapAt(model: Model, lanes: readonly SweepLane[], layer: number): Tap {
  const last = model.spec.layers.length - 1
  const hooks = new Map<Lane, LaneHooks>()
  for (const lane of lanes) {
    const { edits = [], functions = [] } = lane.hooksAt(layer)
    if (edits.length + functions.length === 0) continue
    const isLate = ({ point }: Edit): boolean =>
      lane.tail !== null && layer === last && SITES[point.site].stage !== 'attention'
    hooks.set(lane, { edits: edits.filter(edit => !isLate(edit)), functions })
    if (lane.tail !== null) hooks.set(lane.tail, { edits: edits.filter(isLate) })
  }
  return new LaneTap(model.spec, model.backend, hooks)
}
