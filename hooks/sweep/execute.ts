/**
 * Carries out a sweep's plan. Each slice goes down the layers once: lanes join at their boundaries
 * from the base run's saved stream, read its keys and values before their first position, and leave
 * one row each for the unembedding.
 */
import type { Tensor2D } from '@tensorflow/tfjs-core'
import type { Model } from '../../engine/model.ts'
import { resolvePoint } from '../../engine/point-names.ts'
import { type Point, SITES } from '../../engine/points.ts'
import { donorLookup } from '../donors.ts'
import { compileEdits, type DonorLookup, donorNeeds, type Edit } from '../edit.ts'
import { checkPrompt, runWithHooks } from '../hooked.ts'
import type { LaneHooks } from '../lane-tap.ts'
import { checkMetric } from '../metric.ts'
import { type BaseRun, runBase } from './base-run.ts'
import { reachesOthers } from './boundary.ts'
import { entriesOf } from './delta.ts'
import { measureSlice } from './measure-slice.ts'
import { planSweep, type Slice, type SweepPlan, tokensNeeded } from './plan.ts'
import { measuredPosition, type PlannedPatch } from './resolve.ts'
import { makeLane, runSliceLayers, type SweepLane } from './slice-pass.ts'
import type { PatchResult, SweepBase, SweepRequest } from './types.ts'

export interface Sweep {
  readonly plan: SweepPlan
  /** What each base's metrics are without a patch. */
  readonly baseValues: readonly Float64Array[]
  /** Runs the slices in order; yields the results of one at a time. Stops between layers when aborted. */
  run(signal?: AbortSignal): AsyncGenerator<readonly PatchResult[]>
  /** Frees the base runs. */
  dispose(): void
}

/**
 * Plans a sweep and runs its base prompts and donors. The caller disposes the result.
 * @throws HookPointError, ShapeError on what the model or a prompt does not have
 */
export async function prepareSweep(model: Model, request: SweepRequest, signal?: AbortSignal): Promise<Sweep> {
  const encode = (text: string): number[] => model.tokenizer.encode(text)
  for (const base of request.bases) {
    checkPrompt(model, base.ids)
    for (const metric of base.metrics) checkMetric(metric, model.spec.vocab)
  }
  const plan = planSweep(model.spec, request, encode)
  const lookup = await donorLookup(model, liveDonors(model, request.bases, plan, encode), runWithHooks)
  const bases: BaseRun[] = []
  const dispose = (): void => {
    for (const base of bases) base.dispose()
    bases.length = 0
  }
  try {
    for (const [index, base] of request.bases.entries()) {
      const lanes = plan.slices.flatMap(slice => slice.patches.filter(lane => lane.base === index))
      bases.push(await runBase(model, base.ids, measuredPosition(base), base.metrics, lanes, signal))
    }
  } catch (error) {
    dispose()
    throw error
  }
  const context: SweepContext = { model, request, bases, tokens: tokensNeeded(request), encode, lookup }
  return {
    plan,
    baseValues: bases.map(base => base.values),
    run: abort => runPlan(context, plan, abort),
    dispose,
  }
}

/** Donor activations of the patches that do run. */
function liveDonors(
  model: Model,
  bases: readonly SweepBase[],
  plan: SweepPlan,
  encode: (text: string) => readonly number[],
): ReturnType<typeof donorNeeds> {
  return plan.slices.flatMap(slice =>
    slice.patches.flatMap(({ base, patch }) => {
      const own = bases[base]
      return donorNeeds(model.spec, own?.patches[patch]?.interventions ?? [], own?.ids.length ?? 0, encode)
    }),
  )
}

interface SweepContext {
  readonly model: Model
  readonly request: SweepRequest
  readonly bases: readonly BaseRun[]
  readonly tokens: readonly number[] | null
  readonly encode: (text: string) => readonly number[]
  readonly lookup: DonorLookup
}

async function* runPlan(
  context: SweepContext,
  plan: SweepPlan,
  signal: AbortSignal | undefined,
): AsyncGenerator<readonly PatchResult[]> {
  if (plan.unchanged.length > 0) yield plan.unchanged.map(item => unchangedResult(context, item))
  for (const slice of plan.slices) {
    signal?.throwIfAborted()
    yield await runSlice(context, slice, signal)
  }
}

function unchangedResult(context: SweepContext, { base, patch }: { base: number; patch: number }): PatchResult {
  return { base, patch, values: Float64Array.from(context.bases[base]?.values ?? []) }
}

async function runSlice(
  context: SweepContext,
  slice: Slice,
  signal: AbortSignal | undefined,
): Promise<readonly PatchResult[]> {
  const { model } = context
  const results: PatchResult[] = []
  const lanes: SweepLane[] = []
  for (const plan of slice.patches) {
    const lane = laneOf(context, plan)
    if (lane === null) results.push(unchangedResult(context, plan))
    else lanes.push(lane)
  }
  if (lanes.length === 0) return results
  const stream: Tensor2D = await runSliceLayers(model, lanes, signal)
  try {
    results.push(...measureSlice(model, lanes, stream, context.request.bases, context.tokens))
  } finally {
    stream.dispose()
  }
  return results
}

/** The lane of a patch with its edits; null where its numbers are the base's own, so that nothing changes. */
function laneOf(context: SweepContext, plan: PlannedPatch): SweepLane | null {
  const { model, request, bases, encode, lookup } = context
  const own = request.bases[plan.base]
  const base = bases[plan.base]
  const patch = own?.patches[plan.patch]
  if (own === undefined || base === undefined || patch === undefined) return null
  const edits = compileEdits(model.spec, patch.interventions, own.ids.length, encode, lookup).filter(edit =>
    isLive(model, edit, plan),
  )
  const enters = ({ point }: Edit): boolean =>
    plan.deltaAt !== null && (point.name === plan.deltaAt.name || (isEmbedding(point) && isEmbedding(plan.deltaAt)))
  const entering = entriesOf(edits.filter(enters), base)
  const met = edits.filter(edit => !enters(edit))
  const functions = (patch.functions ?? []).map(({ at, run }) => ({ point: resolvePoint(model.spec, at).point, run }))
  if (entering.length + met.length + functions.length === 0) return null
  const hooks: LaneHooks = { edits: met, functions }
  return makeLane(plan, base, entering, hooks)
}

/** Both embedding points add to the same stream, each for itself. */
function isEmbedding({ site }: Point): boolean {
  return SITES[site].stage === 'embed'
}

/** An edit at or before the measured position whose change can reach it. */
function isLive(model: Model, edit: Edit, plan: PlannedPatch): boolean {
  if (edit.position < plan.start || edit.position > plan.end) return false
  return plan.whole || edit.position === plan.end || reachesOthers(model.spec, edit.point)
}
