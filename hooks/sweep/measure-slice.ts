/** Metrics of a slice's lanes from their last streams, without ever holding the logits of all of them. */
import type * as tf from '@tensorflow/tfjs-core'
import { takeRows, unembed, unembedInParts, unembedTokens } from '../../engine/forward.ts'
import { type Batch, batchOf, type Lane } from '../../engine/lanes.ts'
import type { Model } from '../../engine/model.ts'
import { type LaneHooks, LaneTap } from '../lane-tap.ts'
import { measure, measureColumns, RowMetrics } from '../measure.ts'
import { type Metric, worksInParts } from '../metric.ts'
import { type Active, measuredRows, type SweepLane } from './slice-pass.ts'
import type { PatchResult, SweepBase } from './types.ts'

/** Logits held at once where they are read in parts: 32 MB, near the cache. */
const PART_LOGITS = 8_000_000
/** Where they are not: 128 MB, enough rows for products at the library's rate. */
const WHOLE_LOGITS = 32_000_000
/** Rows at once, and tokens at least: products of fewer do not reach the library's rate. */
const PART_ROWS = 1024
const PART_TOKENS = 4096

/** @param tokens the only tokens that any metric reads, or null for all */
export function measureSlice(
  model: Model,
  { batch, stream }: Active,
  bases: readonly SweepBase[],
  tokens: readonly number[] | null,
): PatchResult[] {
  const results: PatchResult[] = []
  const hooked = batch.lanes.some(lane => isHooked(lateHooks(model, lane)))
  const measured = measuredRows(batch)
  for (const [base, members] of lanesByBase(batch)) {
    const metrics = bases[base]?.metrics ?? []
    const inParts = !hooked && metrics.every(worksInParts)
    // What fires in the unembedding fires at every row that a lane has.
    const rowsEach = hooked ? (members[0]?.lane.length ?? 1) : 1
    const step = inParts ? PART_ROWS : Math.max(1, Math.floor(WHOLE_LOGITS / (model.spec.vocab * rowsEach)))
    for (let from = 0; from < members.length; from += step) {
      const own = members.slice(from, from + step)
      const rows = own.flatMap(({ lane, index }) => {
        const first = batch.rowOf[index] ?? 0
        return hooked ? Array.from({ length: lane.length }, (_, i) => first + i) : [measured[index] ?? first]
      })
      const taken = takeRows(model.backend, stream, rows)
      try {
        const values = hooked
          ? ofHooked(model, batchOf(own.map(({ lane }) => lane)), taken, metrics)
          : tokens !== null
            ? ofTokens(model, taken, tokens, metrics)
            : inParts
              ? ofParts(model, taken, metrics)
              : ofWhole(model, taken, metrics)
        for (const [i, { lane }] of own.entries())
          results.push({ base, patch: lane.plan.patch, values: values[i] ?? new Float64Array() })
      } finally {
        taken.dispose()
      }
    }
  }
  return results
}

function ofTokens(model: Model, stream: tf.Tensor2D, tokens: readonly number[], metrics: readonly Metric[]) {
  const logits = unembedTokens(model, stream, tokens)
  const values = measureColumns(model.backend, logits, tokens, metrics)
  logits.dispose()
  return values
}

function ofParts(model: Model, stream: tf.Tensor2D, metrics: readonly Metric[]) {
  const rows = stream.shape[0]
  const reader = new RowMetrics(model.backend, rows, model.spec.vocab, metrics)
  const maxTokens = Math.max(PART_TOKENS, Math.floor(PART_LOGITS / rows))
  unembedInParts(model, stream, maxTokens, logits => reader.read(logits))
  return reader.values()
}

function ofWhole(model: Model, stream: tf.Tensor2D, metrics: readonly Metric[]) {
  const logits = unembed(model, stream, batchOf([]))
  const values = measure(model.backend, logits, metrics)
  logits.dispose()
  return values
}

/** With the hooks that sit at the end of the pass. @param stream every row of the lanes */
function ofHooked(model: Model, batch: Batch<SweepLane>, stream: tf.Tensor2D, metrics: readonly Metric[]) {
  const late = new Map<Lane, LaneHooks>(batch.lanes.map(lane => [lane, lateHooks(model, lane)]))
  const tap = new LaneTap(model.spec, model.backend, late)
  const logits = unembed(model, stream, batch, measuredRows(batch), tap)
  const values = measure(model.backend, logits, metrics)
  logits.dispose()
  return values
}

interface Member {
  readonly lane: SweepLane
  /** Its place in the batch. */
  readonly index: number
}

/** Lanes of each base, which share their metrics. */
function lanesByBase({ lanes }: Batch<SweepLane>): Map<number, Member[]> {
  const byBase = new Map<number, Member[]>()
  for (const [index, lane] of lanes.entries()) {
    const members = byBase.get(lane.plan.base) ?? []
    members.push({ lane, index })
    byBase.set(lane.plan.base, members)
  }
  return byBase
}

/** What a lane meets at the end of the pass. */
function lateHooks(model: Model, lane: SweepLane): LaneHooks {
  return lane.hooksAt(model.spec.layers.length)
}

function isHooked({ edits = [], functions = [] }: LaneHooks): boolean {
  return edits.length + functions.length > 0
}
