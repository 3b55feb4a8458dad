/** Metrics of a slice's lanes from their last streams, without ever holding the logits of all of them. */
import * as tf from '@tensorflow/tfjs-core'
import { takeRows, unembed, unembedTokens } from '../../engine/forward.ts'
import { batchOf, type Lane } from '../../engine/lanes.ts'
import type { Model } from '../../engine/model.ts'
import { type LaneHooks, LaneTap } from '../lane-tap.ts'
import { measure, measureColumns } from '../metric.ts'
import type { SweepLane } from './slice-pass.ts'
import type { PatchResult, SweepBase } from './types.ts'

/** Logits held at once: 128 MB, enough rows for products at the library's rate. */
const MAX_LOGITS = 32_000_000

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
    const step = Math.max(1, Math.floor(MAX_LOGITS / model.spec.vocab))
    for (let from = 0; from < rows.length; from += step) {
      const part = rows.slice(from, from + step)
      const own = takeRows(model.backend, stream, part)
      const logits =
        tokens !== null && !hooked
          ? unembedTokens(model, own, tokens)
          : unembedLanes(
              model,
              part.flatMap(row => lanes[row] ?? []),
              own,
            )
      const values =
        tokens !== null && !hooked
          ? measureColumns(model.backend, logits, tokens, metrics)
          : measure(model.backend, logits, metrics)
      tf.dispose([own, logits])
      for (const [i, row] of part.entries()) {
        const plan = lanes[row]?.plan
        const value = values[i]
        if (plan !== undefined && value !== undefined) results.push({ base, patch: plan.patch, values: value })
      }
    }
  }
  return results
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
