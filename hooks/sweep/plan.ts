/**
 * The plan of a sweep, as a pure function: which patches run together, in which order, and what
 * each slice costs. Deep patches come first: they are cheap, so results show at once.
 *
 * Cost of a lane of r rows that joins at boundary b: r rows through every half layer after b (only
 * the measured row through the last MLP) and one row through the unembedding.
 */
import type { ModelSpec } from '../../engine/spec.ts'
import { needsOnly } from '../metric.ts'
import { keptBytes, laneFlops, rowBytes, streamBytes } from './cost.ts'
import { lastPositions, type PlannedPatch, type Resolved, resolveSweep } from './resolve.ts'
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
  /**
   * The same slices, as they go down the layers: those of one convoy together, so that it reads each
   * weight once. Weights in memory need no sharing, and each slice goes by itself.
   */
  readonly convoys: readonly (readonly Slice[])[]
  readonly unchanged: Resolved['unchanged']
  readonly patches: number
  /** Floating-point operations of all slices and of the base runs. */
  readonly flops: number
  /** Of slices and of what waits between layers; `baseBytes` come on top. */
  readonly peakBytes: number
  /** What the base runs keep for their lanes: streams, activations, keys and values. */
  readonly baseBytes: number
  /** What one full forward pass a patch would cost, for comparison. */
  readonly plainFlops: number
}

/** Products of fewer rows than this are far from the library's rate. */
const MIN_SLICE_ROWS = 80

/** The first slices are shorter, by these shares of a slice, so that cells show at once. */
const FIRST_SLICES = [0.3, 0.6]

/** Of the memory, what slices have at the least, however much base runs keep. */
const MIN_SLICE_SHARE = 0.25

/** Of the memory that slices may hold from disk: for the one that is in a layer; the others wait as streams. */
const ACTIVE_SHARE = 0.5

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
  const budget = request.memoryBytes ?? DEFAULT_MEMORY_BYTES
  const last = lastPositions(request.bases, planned)
  const lanesOfBase = last.map((): PlannedPatch[] => [])
  for (const lane of planned) lanesOfBase[lane.base]?.push(lane)
  const baseBytes = last.reduce((total, end, base) => total + keptBytes(spec, lanesOfBase[base] ?? [], end + 1), 0)
  const memory = Math.max(budget - baseBytes, budget * MIN_SLICE_SHARE)
  const sliceFlops = ((request.sliceMs ?? DEFAULT_SLICE_MS) / 1000) * (request.gflops ?? DEFAULT_GFLOPS) * 1e9
  const share = unembedShare(spec, request)
  const keys = Math.max(1, ...request.bases.map(base => base.ids.length))
  const perRow = rowBytes(spec, keys)
  const fromDisk = request.weightsFromDisk === true
  const maxRows = Math.max(1, Math.floor((fromDisk ? memory * ACTIVE_SHARE : memory) / perRow))
  const order = [...planned].sort(
    (a, b) => Number(a.whole) - Number(b.whole) || b.boundary - a.boundary || a.base - b.base || a.start - b.start,
  )

  const slices: Slice[] = []
  let current: PlannedPatch[] = []
  let rows = 0
  let flops = 0
  const close = (): void => {
    const shallowest = current.at(-1)
    if (shallowest === undefined) return
    slices.push({
      patches: current,
      rows,
      layers: spec.layers.length - Math.floor(shallowest.boundary / 2),
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
    const size = FIRST_SLICES[slices.length] ?? 1
    const full =
      rows + own > maxRows || (!fromDisk && rows >= size * MIN_SLICE_ROWS && flops + cost > size * sliceFlops)
    if (mixed || (current.length > 0 && full)) close()
    current.push(lane)
    rows += own
    flops += cost
  }
  close()

  const upTo = (end: number): number =>
    laneFlops(spec, { base: 0, patch: 0, boundary: 0, start: 0, end, measured: end, deltaAt: null, whole: true }, share)
  const baseFlops = last.reduce((total, end) => total + upTo(end), 0)
  const convoys = fromDisk
    ? convoysOf(slices, Math.floor((memory * (1 - ACTIVE_SHARE)) / streamBytes(spec)))
    : slices.map(slice => [slice])
  const convoyBytes = (convoy: readonly Slice[]): number =>
    Math.max(...convoy.map(slice => slice.bytes)) +
    convoy.slice(1).reduce((total, slice) => total + slice.rows * streamBytes(spec), 0)
  return {
    slices,
    convoys,
    unchanged,
    patches: planned.length + unchanged.length,
    flops: slices.reduce((total, slice) => total + slice.flops, baseFlops),
    peakBytes: Math.max(0, ...convoys.map(convoyBytes)),
    baseBytes,
    plainFlops: request.bases.reduce((total, { ids, patches }) => total + patches.length * upTo(ids.length - 1), 0),
  }
}

/** Slices in groups of at most so many rows, and at least one slice. */
function convoysOf(slices: readonly Slice[], maxRows: number): Slice[][] {
  const convoys: Slice[][] = []
  let rows = 0
  for (const slice of slices) {
    const last = convoys.at(-1)
    if (last === undefined || rows + slice.rows > maxRows) {
      convoys.push([slice])
      rows = slice.rows
    } else {
      last.push(slice)
      rows += slice.rows
    }
  }
  return convoys
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
