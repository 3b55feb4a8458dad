/**
 * From patches to planned lanes, without looking at any value: which changes can reach the metric,
 * where the lane joins, at which position it starts, and which changes it meets on its way.
 */
import { ShapeError } from '../../engine/errors.ts'
import { type Point, SITES } from '../../engine/points.ts'
import type { ModelSpec } from '../../engine/spec.ts'
import { type Placed, place, resolvePositions } from '../edit.ts'
import type { Intervention } from '../intervention.ts'
import { calledPoint } from '../lane-tap.ts'
import { landingOf, reachesOthers, stageStart } from './boundary.ts'
import type { Patch, SweepBase } from './types.ts'

export interface PlannedPatch {
  readonly base: number
  readonly patch: number
  /** Where the lane joins (see `boundary.ts`). */
  readonly boundary: number
  /** First and last position of the lane. It ends at the measured one, unless it is whole. */
  readonly start: number
  readonly end: number
  /** Position whose next-token distribution is measured. */
  readonly measured: number
  /** Layer whose output matrix the entering delta goes through or stands beside; null where the lane joins unchanged. */
  readonly deltaAt: Point | null
  /** Has its whole prompt, every row to the end: what a function reads is not known. */
  readonly whole: boolean
}

export interface Resolved {
  readonly planned: PlannedPatch[]
  /** Patches that change nothing which reaches the metric: their effect is exactly 0. */
  readonly unchanged: { readonly base: number; readonly patch: number }[]
}

/** The measured position of a base, absolute. */
export function measuredPosition(base: SweepBase): number {
  return resolvePositions(base.position ?? -1, base.ids.length, 'metric')[0] ?? 0
}

/** Number of tokens that two prompts share at their start. */
function sharedPrefix(a: readonly number[], b: readonly number[]): number {
  let shared = 0
  while (shared < a.length && shared < b.length && a[shared] === b[shared]) shared++
  return shared
}

/** Whether an intervention writes the number that is there already. */
function isIdentity(item: Intervention): boolean {
  if ('scale' in item.set) return item.set.scale === 1
  return 'add' in item.set && item.set.coefficient === 0
}

/** Positions of an intervention whose values can differ from the base's and reach the metric. */
function livePositions(
  spec: ModelSpec,
  item: Intervention,
  placed: Placed,
  ids: readonly number[],
  end: number,
): number[] {
  if (isIdentity(item)) return []
  const shared = placed.donor === null ? 0 : sharedPrefix(placed.donor, ids)
  return placed.positions.filter((position, i) => {
    if (position > end || (position !== end && !reachesOthers(spec, placed.point))) return false
    const same = placed.donor !== null && placed.donorPositions[i] === position && position < shared
    return !same
  })
}

/** @throws HookPointError, ShapeError on what the model or the prompt does not have */
export function resolveSweep(
  spec: ModelSpec,
  bases: readonly SweepBase[],
  encode: (text: string) => readonly number[],
): Resolved {
  const planned: PlannedPatch[] = []
  const unchanged: Resolved['unchanged'] = []
  for (const [base, { ids, patches }] of bases.entries()) {
    const end = measuredPosition(bases[base] ?? { ids, patches, metrics: [] })
    for (const [patch, own] of patches.entries()) {
      const lane = resolvePatch(spec, own, ids, end, encode)
      if (lane === null) unchanged.push({ base, patch })
      else planned.push({ base, patch, measured: end, ...lane })
    }
  }
  return { planned, unchanged }
}

/** The last position of each base that its lanes have, or that is measured. */
export function lastPositions(bases: readonly SweepBase[], planned: readonly PlannedPatch[]): number[] {
  const last = bases.map(measuredPosition)
  for (const { base, end } of planned) last[base] = Math.max(last[base] ?? 0, end)
  return last
}

type LanePlan = Omit<PlannedPatch, 'base' | 'patch' | 'measured'>

function resolvePatch(
  spec: ModelSpec,
  patch: Patch,
  ids: readonly number[],
  end: number,
  encode: (text: string) => readonly number[],
): LanePlan | null {
  if ((patch.functions ?? []).length > 0) return wholeLane(spec, patch, ids.length, encode)
  const points = new Map<string, Point>()
  /** Of donors that are the base prompt so far: they give back what other changes of the patch took. */
  const restored = new Map<string, Point>()
  let start = end + 1
  for (const item of patch.interventions) {
    const placed = place(spec, item, ids.length, encode)
    const live = livePositions(spec, item, placed, ids, end)
    if (live.length > 0) points.set(placed.point.name, placed.point)
    else if (placed.donor !== null) restored.set(placed.point.name, placed.point)
    start = Math.min(start, ...live)
  }
  if (points.size === 0) return null
  const boundary = Math.min(...Array.from(points.values(), point => landingOf(spec, point).boundary))
  const enters = (point: Point): boolean => {
    const landing = landingOf(spec, point)
    return landing.by === 'delta' && landing.boundary === boundary
  }
  const entering = [...points.values()].filter(enters)
  const [first] = entering
  if (first === undefined) return { boundary, start, end, deltaAt: null, whole: false }
  const embedding = entering.every(({ site }) => SITES[site].stage === 'embed')
  const alone =
    entering.length === 1 && ![...restored.values()].some(point => point.name !== first.name && enters(point))
  if (alone || embedding) return { boundary, start, end, deltaAt: first, whole: false }
  // Two deltas at one boundary, where the second would see the first: run the half that both sit in.
  const earliest = Math.min(...entering.map(point => stageStart(spec, point)))
  return { boundary: earliest, start, end, deltaAt: null, whole: false }
}

/** A lane with functions: a function may read any position, so every change counts, wherever it is. */
function wholeLane(
  spec: ModelSpec,
  { interventions, functions = [] }: Patch,
  length: number,
  encode: (text: string) => readonly number[],
): LanePlan {
  const isEmbedding = ({ site }: Point): boolean => SITES[site].stage === 'embed'
  const changed = interventions.map(item => place(spec, item, length, encode).point)
  const called = functions.map(({ at }) => calledPoint(spec, at))
  if (called.some(isEmbedding))
    throw new ShapeError('sweep: a function at an embedding point is not supported in a sweep; use runWithHooks')
  return {
    boundary: Math.min(...[...changed, ...called].map(point => stageStart(spec, point))),
    start: 0,
    end: length - 1,
    deltaAt: changed.find(isEmbedding) ?? null,
    whole: true,
  }
}
