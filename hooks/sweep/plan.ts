/**
 * The plan of a sweep, as a pure function: which patches run together, in which order, and what
 * each slice costs. Deep patches come first: they are cheap, so results show at once.
 *
 * Cost of a lane of r rows that joins at boundary b: r rows through every half layer after b (only
 * the measured row through the last MLP) and one row through the unembedding.
 */
import type { ModelSpec } from '../../engine/spec.ts'
import { needsOnly } from '../metric.ts'
import { finalBoundary } from './boundary.ts'
import { type PlannedPatch, type Resolved, resolveSweep } from './resolve.ts'
import { DEFAULT_GFLOPS, DEFAULT_MEMORY_BYTES, DEFAULT_SLICE_MS, type SweepRequest } from './types.ts'

export interface Slice {
  readonly patches: readonly PlannedPatch[]
  /** Rows of all lanes together. */
  readonly rows: number
  /** Layers that the slice passes through, wholly or in part. */
  readonly layers: number
  readonly flops: number
  readonly bytes: number
}

export interface SweepPlan {
  readonly slices: readonly Slice[]
  readonly unchanged: Resolved['unchanged']
  readonly patches: number
  /** Floating-point operations of all slices and of the base runs. */
  readonly flops: number
  readonly peakBytes: number
  /** What one full forward pass a patch would cost, for comparison. */
  readonly plainFlops: number
}

/** Products of fewer rows than this do not reach the library's rate. */
const MIN_SLICE_ROWS = 192

/** Floating-point operations of one row: a multiplication and an addition count two. */
export function rowFlops(spec: ModelSpec, keys: number): { attention: number; mlp: number; unembed: number } {
  const { dModel, heads, kvHeads, dHead, dMlp, vocab } = spec
  const projections = dModel * (2 * heads * dHead + 2 * kvHeads * dHead)
  const mixing = 2 * heads * dHead * keys
  const matrices = spec.gated ? 3 : 2
  const experts = spec.experts === null ? 1 : spec.experts.perToken
  return {
    attention: 2 * (projections + mixing),
    mlp: 2 * matrices * dModel * dMlp * experts,
    unembed: 2 * dModel * vocab,
  }
}

/** Floating-point operations of a lane. @param unembedShare part of the vocabulary that the metric reads */
export function laneFlops(spec: ModelSpec, lane: PlannedPatch, unembedShare = 1): number {
  const rows = lane.end - lane.start + 1
  const per = rowFlops(spec, lane.end + 1)
  const last = finalBoundary(spec)
  let total = per.unembed * unembedShare
  for (let boundary = lane.boundary; boundary < last; boundary++) {
    if (boundary % 2 === 0) total += rows * per.attention
    else total += (boundary === last - 1 && !lane.whole ? 1 : rows) * per.mlp
  }
  return total
}

/** Bytes that each row of a slice needs at its widest: in the MLP, or among scores. */
export function rowBytes(spec: ModelSpec, keys: number): number {
  const mlp = spec.dModel * 3 + spec.dMlp * 4
  const attention =
    spec.dModel * 4 + spec.heads * spec.dHead * 5 + spec.kvHeads * spec.dHead * 4 + spec.heads * keys * 4
  return 4 * Math.max(mlp, attention)
}

/**
 * Plans a sweep.
 * @param encode turns donors that are text into token ids
 * @throws HookPointError, ShapeError on what the model or a prompt does not have
 */
export function planSweep(
  spec: ModelSpec,
  request: SweepRequest,
  encode: (text: string) => readonly number[],
): SweepPlan {
  const { planned, unchanged } = resolveSweep(spec, request.bases, encode)
  const memory = request.memoryBytes ?? DEFAULT_MEMORY_BYTES
  const sliceFlops = ((request.sliceMs ?? DEFAULT_SLICE_MS) / 1000) * (request.gflops ?? DEFAULT_GFLOPS) * 1e9
  const share = unembedShare(spec, request)
  const keys = Math.max(1, ...request.bases.map(base => base.ids.length))
  const perRow = rowBytes(spec, keys)
  const maxRows = Math.max(1, Math.floor(memory / perRow))
  const order = [...planned].sort(
    (a, b) => Number(a.whole) - Number(b.whole) || b.boundary - a.boundary || a.base - b.base || a.start - b.start,
  )

  const slices: Slice[] = []
  let current: PlannedPatch[] = []
  let rows = 0
  let flops = 0
  const close = (): void => {
    if (current.length === 0) return
    const first = Math.min(...current.map(lane => lane.boundary))
    slices.push({
      patches: current,
      rows,
      layers: spec.layers.length - Math.floor(first / 2),
      flops,
      bytes: rows * perRow,
    })
    current = []
    rows = 0
    flops = 0
  }
  for (const lane of order) {
    const own = lane.end - lane.start + 1
    const cost = laneFlops(spec, lane, share)
    const mixed = current[0] !== undefined && current[0].whole !== lane.whole
    const full = rows + own > maxRows || (rows >= MIN_SLICE_ROWS && flops + cost > sliceFlops)
    if (mixed || (current.length > 0 && full)) close()
    current.push(lane)
    rows += own
    flops += cost
  }
  close()

  const wholePrompt = (ids: readonly number[]): number =>
    laneFlops(
      spec,
      { base: 0, patch: 0, boundary: 0, start: 0, end: ids.length - 1, deltaAt: null, whole: true },
      share,
    )
  const baseFlops = request.bases.reduce((total, base) => total + wholePrompt(base.ids), 0)
  return {
    slices,
    unchanged,
    patches: planned.length + unchanged.length,
    flops: slices.reduce((total, slice) => total + slice.flops, baseFlops),
    peakBytes: Math.max(0, ...slices.map(slice => slice.bytes)),
    plainFlops: request.bases.reduce((total, base) => total + base.patches.length * wholePrompt(base.ids), 0),
  }
}

/** The tokens whose logits all metrics of a sweep get by with, or null where one needs the whole vocabulary. */
export function tokensNeeded(request: SweepRequest): number[] | null {
  const tokens = new Set<number>()
  for (const { metrics } of request.bases)
    for (const metric of metrics) {
      const few = needsOnly(metric)
      if (few === null) return null
      for (const token of few) tokens.add(token)
    }
  return [...tokens]
}

function unembedShare(spec: ModelSpec, request: SweepRequest): number {
  const tokens = tokensNeeded(request)
  return tokens === null ? 1 : tokens.length / spec.vocab
}
