/**
 * Carries out a sweep's plan. Each slice goes down the layers once: lanes join at their boundaries
 * from the base run's saved stream, read its keys and values before their first position, and leave
 * one row each for the unembedding.
 *
 * With weights in memory donors and base runs come first and then slice after slice, so that results
 * show early. With weights from disk donors, base runs and slices go down in a convoy, each right
 * behind the other at every layer, so that the whole sweep reads each weight once.
 */
import { inConvoy, type Pass } from '../../engine/convoy.ts'
import { internalError } from '../../engine/errors.ts'
import { disposeKeyValues } from '../../engine/forward.ts'
import type { Model } from '../../engine/model.ts'
import type { ModelWeights } from '../../engine/weights.ts'
import type { Capture } from '../capture.ts'
import { donorsOf, lookupIn } from '../donors.ts'
import { checkPrompt } from '../hooked.ts'
import { checkMetric } from '../metric.ts'
import { planBase } from './base-run.ts'
import { donorsOfPlan, laneOf, type SweepContext } from './lanes-of-plan.ts'
import { measureSlice } from './measure-slice.ts'
import { planSweep, type Slice, type SweepPlan, tokensNeeded } from './plan.ts'
import { lastPositions, measuredPosition } from './resolve.ts'
import { runSliceLayers } from './slice-pass.ts'
import { type Source, sourcePasses } from './sources.ts'
import type { PatchResult, SweepRequest } from './types.ts'

export interface Sweep {
  readonly plan: SweepPlan
  /** What each base's metrics are without a patch; known by the time the first results come. */
  readonly baseValues: readonly Float64Array[]
  /** Runs the plan, once; yields the results slice by slice. Stops between layers when aborted. */
  run(signal?: AbortSignal): AsyncGenerator<readonly PatchResult[]>
  /** Frees the base runs. */
  dispose(): void
}

/**
 * Plans a sweep; runs its base prompts and donors, unless weights come from disk, where they run with
 * the slices. The caller disposes the result.
 * @throws HookPointError, ShapeError on what the model or a prompt does not have
 */
export async function prepareSweep(model: Model, request: SweepRequest, signal?: AbortSignal): Promise<Sweep> {
  const encode = (text: string): number[] => model.tokenizer.encode(text)
  for (const base of request.bases) {
    checkPrompt(model, base.ids)
    for (const metric of base.metrics) checkMetric(metric, model.spec.vocab)
  }
  const fromDisk = model.weights.residency === 'disk'
  const plan = planSweep(model.spec, { ...request, weightsFromDisk: fromDisk }, encode)
  const donors = donorsOf(donorsOfPlan(model, request.bases, plan, encode))
  const all = plan.slices.flatMap(slice => slice.patches)
  const last = lastPositions(request.bases, all)
  const planned = request.bases.map((base, index) => {
    const lanes = all.filter(lane => lane.base === index)
    return planBase(model, base.ids.slice(0, (last[index] ?? 0) + 1), measuredPosition(base), base.metrics, lanes)
  })
  const { sources, passes: before } = sourcePasses(
    model,
    [...donors.map(donor => ({ ...donor, keepsKeys: false })), ...planned.map(base => base.request)],
    signal,
  )
  const lookup = lookupIn(new Map(donors.map(({ ids }, i) => [ids.join(), captureOf(sources[i])])))
  const bases = planned.flatMap((base, i) => {
    const source = sources[donors.length + i]
    return source === undefined ? [] : [base.ran(source)]
  })
  const dispose = (): void => {
    for (const base of bases) disposeKeyValues(base.keyValues)
  }
  const context: SweepContext = { model, request, bases, tokens: tokensNeeded(request), encode, lookup }
  if (!fromDisk)
    try {
      for (const pass of before) await pass(model.weights)
    } catch (error) {
      dispose()
      throw error
    }
  return {
    plan,
    get baseValues() {
      return bases.map(base => base.values)
    },
    run: abort => runPlan(context, plan, fromDisk ? before : [], abort),
    dispose,
  }
}

function captureOf(source: Source | undefined): Capture {
  if (source === undefined) throw internalError('a donor without a run')
  return source.capture
}

/** @param before passes that the slices read from, where they have not run yet */
async function* runPlan(
  context: SweepContext,
  { convoys, unchanged }: SweepPlan,
  before: readonly Pass[],
  signal: AbortSignal | undefined,
): AsyncGenerator<readonly PatchResult[]> {
  let ahead = before
  let same: readonly { readonly base: number; readonly patch: number }[] = unchanged
  for (const slices of convoys.length > 0 ? convoys : [[]]) {
    signal?.throwIfAborted()
    const results: PatchResult[][] = []
    const passes = slices.map(
      (slice, i): Pass =>
        async weights => {
          results[i] = await runSlice(context, slice, weights, signal)
        },
    )
    await inConvoy(context.model.weights, [...ahead, ...passes])
    if (same.length > 0) yield same.map(item => unchangedResult(context, item))
    yield* results
    ahead = []
    same = []
  }
}

function unchangedResult(context: SweepContext, { base, patch }: { base: number; patch: number }): PatchResult {
  return { base, patch, values: Float64Array.from(context.bases[base]?.values ?? []) }
}

async function runSlice(
  context: SweepContext,
  slice: Slice,
  weights: ModelWeights,
  signal: AbortSignal | undefined,
): Promise<PatchResult[]> {
  const model = { ...context.model, weights }
  const planned = slice.patches.map(plan => laneOf(context, plan))
  const { active, unchanged } = await runSliceLayers(model, planned, signal)
  const same = unchanged.map(({ plan }) => unchangedResult(context, plan))
  if (active === null) return same
  try {
    return [...same, ...measureSlice(model, active, context.request.bases, context.tokens)]
  } finally {
    active.stream.dispose()
  }
}
