/**
 * From a planned patch to the lane that runs it. Its edits are compiled layer by layer, when the lane
 * is there: only then are the donors' activations known, where donors and lanes go down together.
 */
import { internalError } from '../../engine/errors.ts'
import type { Model } from '../../engine/model.ts'
import { resolvePoint } from '../../engine/point-names.ts'
import { type Point, SITES } from '../../engine/points.ts'
import { compileEdits, type DonorLookup, type DonorNeed, donorNeeds, type Edit, place } from '../edit.ts'
import type { Intervention } from '../intervention.ts'
import { calledPoint } from '../lane-tap.ts'
import type { BaseRun } from './base-run.ts'
import { reachesOthers } from './boundary.ts'
import { entriesOf } from './delta.ts'
import type { SweepPlan } from './plan.ts'
import type { PlannedPatch } from './resolve.ts'
import { makeLane, type SweepLane } from './slice-pass.ts'
import type { SweepBase, SweepRequest } from './types.ts'

export interface SweepContext {
  readonly model: Model
  readonly request: SweepRequest
  readonly bases: readonly BaseRun[]
  /** The only tokens that any metric reads, or null for all. */
  readonly tokens: readonly number[] | null
  readonly encode: (text: string) => readonly number[]
  readonly lookup: DonorLookup
}

/** What the donors of the patches that do run must give. */
export function donorsOfPlan(
  model: Model,
  bases: readonly SweepBase[],
  plan: SweepPlan,
  encode: (text: string) => readonly number[],
): DonorNeed[] {
  return plan.slices.flatMap(slice =>
    slice.patches.flatMap(({ base, patch }) => {
      const own = bases[base]
      return donorNeeds(model.spec, own?.patches[patch]?.interventions ?? [], own?.ids.length ?? 0, encode)
    }),
  )
}

export function laneOf(context: SweepContext, plan: PlannedPatch): SweepLane {
  const { model, request, bases, encode, lookup } = context
  const { spec } = model
  const own = request.bases[plan.base]
  const base = bases[plan.base]
  const patch = own?.patches[plan.patch]
  if (own === undefined || base === undefined || patch === undefined) throw internalError('a plan of another sweep')
  const { length } = own.ids
  const items = new Map<number, Intervention[]>()
  for (const item of patch.interventions) {
    const layer = layerOf(model, resolvePoint(spec, item.at).point)
    items.set(layer, [...(items.get(layer) ?? []), item])
  }
  const functions = (patch.functions ?? []).map(({ at, run }) => ({ point: calledPoint(spec, at), run }))

  const enters = (point: Point): boolean =>
    plan.deltaAt !== null && (point.name === plan.deltaAt.name || (isEmbedding(point) && isEmbedding(plan.deltaAt)))
  const editsAt = (layer: number): Edit[] =>
    compileEdits(spec, items.get(layer) ?? [], length, encode, lookup).filter(({ point, position }) =>
      isLive(model, point, position, plan),
    )
  const meetsSomething = (): boolean =>
    functions.length > 0 ||
    patch.interventions.some(item => {
      const { point, positions } = place(spec, item, length, encode)
      return !enters(point) && positions.some(position => isLive(model, point, position, plan))
    })

  return makeLane(plan, base, {
    entering: () => {
      const edits = plan.deltaAt === null ? [] : editsAt(layerOf(model, plan.deltaAt))
      const entries = entriesOf(
        edits.filter(({ point }) => enters(point)),
        base,
      )
      return entries.length > 0 || meetsSomething() ? entries : null
    },
    hooksAt: layer => ({
      edits: items.has(layer) ? editsAt(layer).filter(({ point }) => !enters(point)) : [],
      functions: functions.filter(({ point }) => layerOf(model, point) === layer),
    }),
  })
}

/** The layer in which a point is met: the embedding with the first, the unembedding after the last. */
function layerOf({ spec }: Model, { site, layer }: Point): number {
  const { stage } = SITES[site]
  return stage === 'embed' ? 0 : stage === 'unembed' ? spec.layers.length : layer
}

/** Both embedding points add to the same stream, each for itself. */
function isEmbedding({ site }: Point): boolean {
  return SITES[site].stage === 'embed'
}

/** Whether a change lies at or before the measured position and can reach it. */
function isLive({ spec }: Model, point: Point, position: number, plan: PlannedPatch): boolean {
  if (position < plan.start || position > plan.end) return false
  return plan.whole || position === plan.end || reachesOthers(spec, point)
}
