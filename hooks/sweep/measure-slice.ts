/** Metrics of a slice's lanes from their last streams, without ever holding the logits of all of them. */
import type * as tf from '@tensorflow/tfjs-core'
import { takeRows, unembed, unembedInParts, unembedTokens } from '../../engine/forward.ts'
import { batchOf, type Lane } from '../../engine/lanes.ts'
import type { Model } from '../../engine/model.ts'
import { type LaneHooks, LaneTap } from '../lane-tap.ts'
import { measure, measureColumns, RowMetrics } from '../measure.ts'
import { type Metric, worksInParts } from '../metric.ts'
import type { SweepLane } from './slice-pass.ts'
import type { PatchResult, SweepBase } from './types.ts'

/** Logits held at once where they are read in parts: 32 MB, near the cache. */
const PART_LOGITS = 8_000_000
/** Where they are not: 128 MB, enough rows for products at the library's rate. */
const WHOLE_LOGITS = 32_000_000
/** Rows at once, and tokens at least: products of fewer do not reach the library's rate. */
const PART_ROWS = 1024
const PART_TOKENS = 4096

/**
 * @param stream [lanes, d_model], kept
 * @param tokens the only tokens that any metric reads, or null for all
 */
export function measureSlice(
  model: Model,
  lanes: readonly SweepLane[],
  stream: tf.Tensor2D,
  bases: readonly SweepBase[],
  tokens: readonly number[] | null,
): PatchResult[] {
  const results: PatchResult[] = []
  const hooked = lanes.some(lane => isHooked(lateHooks(model, lane)))
  for (const [base, rows] of rowsByBase(lanes)) {
    const metrics = bases[base]?.metrics ?? []
    const inParts = !hooked && metrics.every(worksInParts)
    const step = inParts ? PART_ROWS : Math.max(1, Math.floor(WHOLE_LOGITS / model.spec.vocab))
    for (let from = 0; from < rows.length; from += step) {
      const own = rows.slice(from, from + step).flatMap(row => {
        const lane = lanes[row]
        return lane === undefined ? [] : [{ row, lane }]
      })
      const taken = takeRows(
        model.backend,
        stream,
        own.map(({ row }) => row),
      )
      const values =
        tokens !== null && !hooked
          ? ofTokens(model, taken, tokens, metrics)
          : inParts
            ? ofParts(model, taken, metrics)
            : ofWhole(
                model,
                own.map(({ lane }) => lane),
                taken,
                metrics,
              )
      taken.dispose()
      for (const [i, { lane }] of own.entries()) {
        const value = values[i]
        if (value !== undefined) results.push({ base, patch: lane.plan.patch, values: value })
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

function ofWhole(model: Model, lanes: readonly SweepLane[], stream: tf.Tensor2D, metrics: readonly Metric[]) {
  const logits = unembedLanes(model, lanes, stream)
  const values = measure(model.backend, logits, metrics)
  logits.dispose()
  return values
}

/** Rows of each base; one base's rows share their metrics. */
function rowsByBase(lanes: readonly SweepLane[]): Map<number, number[]> {
  const byBase = new Map<number, number[]>()
  for (const [row, lane] of lanes.entries()) {
    const rows = byBase.get(lane.plan.base) ?? []
    rows.push(row)
    byBase.set(lane.plan.base, rows)
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

/** Logits of some lanes' measured rows, with the edits that sit at the end of the pass: [lanes, vocab]. */
function unembedLanes(model: Model, lanes: readonly SweepLane[], stream: tf.Tensor2D): tf.Tensor2D {
  const late = new Map<Lane, LaneHooks>()
  const rows = lanes.map((lane): Lane => ({ start: lane.plan.end, length: 1, prefix: lane.base.keyValues }))
  for (const [i, lane] of lanes.entries()) {
    const row = rows[i]
    if (row !== undefined) late.set(row, lateHooks(model, lane))
  }
  return unembed(model, stream, batchOf(rows), null, new LaneTap(model.spec, model.backend, late))
}
