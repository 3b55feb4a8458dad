/**
 * What the rows of a sweep cost, in floating-point operations and bytes; pure. A multiplication and
 * an addition count two operations. Layers differ: in a mixture each row goes through the router and
 * the few experts that it chooses.
 */
import type { ModelSpec } from '../../engine/spec.ts'
import { rowWidth } from '../edit.ts'
import { finalBoundary } from './boundary.ts'
import type { PlannedPatch } from './resolve.ts'

/** Operations of one row in a layer's attention. @param keys positions that it sees */
function attentionFlops({ dModel, heads, kvHeads, dHead }: ModelSpec, keys: number): number {
  const projections = dModel * (2 * heads * dHead + 2 * kvHeads * dHead)
  return 2 * (projections + 2 * heads * dHead * keys)
}

/** Operations of one row in a layer's MLP. */
function mlpFlops({ dModel, dMlp, gated, experts, layers }: ModelSpec, layer: number): number {
  const matrices = gated ? 3 : 2
  if (experts === null || layers[layer]?.sparse !== true) return 2 * matrices * dModel * dMlp
  return 2 * (dModel * experts.count + matrices * dModel * experts.dExpert * experts.perToken)
}

/** Operations of a lane. @param unembedShare part of the vocabulary that the metric reads */
export function laneFlops(spec: ModelSpec, lane: PlannedPatch, unembedShare = 1): number {
  const rows = lane.end - lane.start + 1
  const attention = attentionFlops(spec, lane.end + 1)
  const last = finalBoundary(spec)
  let total = 2 * spec.dModel * spec.vocab * unembedShare
  for (let boundary = lane.boundary; boundary < last; boundary++) {
    if (boundary % 2 === 0) total += rows * attention
    else total += (boundary === last - 1 && !lane.whole ? 1 : rows) * mlpFlops(spec, (boundary - 1) / 2)
  }
  return total
}

/**
 * Bytes that each row of a slice needs at its widest: in an MLP, or among scores. Counted from the
 * tensors that live at once: beside the half that runs stand the stream before and after attention,
 * attention's output, and the rows that are being put together.
 */
export function rowBytes(spec: ModelSpec, keys: number): number {
  const { dModel, dMlp, heads, kvHeads, dHead, experts, layers } = spec
  const around = dModel * 8
  const dense = layers.some(({ sparse }) => !sparse) ? dMlp * 5 : 0
  const sparse = experts === null ? 0 : experts.count * 2 + experts.perToken * (experts.dExpert * 5 + dModel * 3)
  const attention = heads * dHead * 8 + kvHeads * dHead * 7 + heads * keys * 4
  return 4 * (around + Math.max(dense, sparse, attention))
}

/** Bytes of a row that waits between two layers. */
export function streamBytes({ dModel }: ModelSpec): number {
  return 4 * dModel
}

/**
 * Bytes that a base run keeps for its lanes: keys and values of all layers, the stream at each boundary
 * where a lane joins, and the activations that deltas are taken against.
 * @param lanes of this base
 * @param positions that the run has
 */
export function keptBytes(spec: ModelSpec, lanes: readonly PlannedPatch[], positions: number): number {
  if (lanes.length === 0) return 0
  const boundaries = new Set(lanes.map(lane => lane.boundary))
  const points = new Map(lanes.flatMap(({ deltaAt }) => (deltaAt === null ? [] : [[deltaAt.name, deltaAt] as const])))
  const keysAndValues = 2 * spec.layers.length * spec.kvHeads * spec.dHead
  const activations = [...points.values()].reduce((sum, point) => sum + rowWidth(spec, point), 0)
  return 4 * positions * (keysAndValues + boundaries.size * spec.dModel + activations)
}
