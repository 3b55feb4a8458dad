/**
 * Studies on sweeps: each patch knows which cells its result fills. What the journal has already is
 * not run again; after every slice the cells go out and cancelling can happen.
 */
import { measureRate } from '../engine/backends/measure.ts'
import type { Backend } from '../engine/backends/types.ts'
import type { Model } from '../engine/model.ts'
import { prepareSweep } from '../hooks/sweep/execute.ts'
import { planSweep } from '../hooks/sweep/plan.ts'
import type { Patch, SweepBase, SweepRequest } from '../hooks/sweep/types.ts'
import type { ParamSchema } from './params.ts'
import type { Estimate, StudyContext } from './study.ts'

/** A patch and what becomes of its result. */
export interface CellPatch {
  readonly patch: Patch
  /** True when a resumed run has it already. */
  readonly isDone: () => boolean
  /** @param values the metrics with the patch @param base the metrics without it */
  readonly write: (values: Float64Array, base: Float64Array) => void
}

export interface CellBase extends Omit<SweepBase, 'patches'> {
  readonly patches: readonly CellPatch[]
}

const rates = new WeakMap<Backend, number>()

/** GFLOP/s of a backend, measured once a process; decides how large a slice of a second is. */
function rateOf(backend: Backend): number {
  const rate = rates.get(backend) ?? measureRate(backend, { rows: 192, size: 1024, minMs: 20 })
  rates.set(backend, rate)
  return rate
}

/** Counts patches over several sweeps of one run. */
export interface Tally {
  done: number
  total: number
}

/** Runs what is not done yet; cells go out after each slice. */
export async function sweepInto<S extends ParamSchema>(
  context: StudyContext<S>,
  bases: readonly CellBase[],
  tally: Tally,
): Promise<void> {
  const { model, signal, memoryBytes } = context
  const pending = bases.map(base => ({ ...base, patches: base.patches.filter(patch => !patch.isDone()) }))
  const remaining = pending.reduce((count, base) => count + base.patches.length, 0)
  tally.done += bases.reduce((count, base) => count + base.patches.length, 0) - remaining
  context.progress(tally.done, tally.total)
  if (remaining === 0) return
  const request: SweepRequest = {
    bases: pending.map(base => ({ ...base, patches: base.patches.map(({ patch }) => patch) })),
    memoryBytes,
    gflops: rateOf(model.backend),
  }
  sayOnce(context, model.weightsNote)
  const shown = showingLayers(model, share => context.progress(tally.done + Math.floor(share * remaining), tally.total))
  const sweep = await prepareSweep(shown, request, signal)
  try {
    for await (const results of sweep.run(signal)) {
      for (const { base, patch, values } of results) {
        const baseValues = sweep.baseValues[base]
        if (baseValues !== undefined) pending[base]?.patches[patch]?.write(values, baseValues)
      }
      tally.done += results.length
      context.progress(tally.done, tally.total)
      await context.flush()
    }
  } finally {
    sweep.dispose()
  }
}

const noted = new WeakSet<object>()

/** Where the weights are concerns every sweep of a run, and is told once. */
function sayOnce<S extends ParamSchema>(context: StudyContext<S>, note: string | null): void {
  if (note === null || noted.has(context)) return
  noted.add(context)
  context.note(note)
}

/** From disk, results come with the last layer only: until then the layers gone by are the progress. */
function showingLayers(model: Model, show: (share: number) => void): Model {
  const { weights, spec } = model
  if (weights.residency !== 'disk') return model
  let furthest = -1
  const layer: Model['weights']['layer'] = index => {
    if (index > furthest) {
      furthest = index
      show(index / spec.layers.length)
    }
    return weights.layer(index)
  }
  return { ...model, weights: { ...weights, layer } }
}

/** What some sweeps will take. */
export function estimateSweeps(model: Model, sweeps: readonly (readonly SweepBase[])[]): Estimate {
  const weightsFromDisk = model.weights.residency === 'disk'
  const plans = sweeps.map(bases =>
    planSweep(model.spec, { bases, weightsFromDisk }, text => model.tokenizer.encode(text)),
  )
  const sum = (pick: (plan: (typeof plans)[number]) => number): number =>
    plans.reduce((total, plan) => total + pick(plan), 0)
  const patches = sum(plan => plan.patches)
  const unchanged = sum(plan => plan.unchanged.length)
  const passes = sum(plan => Math.max(1, plan.convoys.length))
  const saved =
    sum(plan => plan.plainFlops) /
    Math.max(
      1,
      sum(plan => plan.flops),
    )
  return {
    summary:
      `${patches.toLocaleString('en')} patches in ${sum(plan => plan.slices.length).toLocaleString('en')} slices, ` +
      `${saved.toFixed(1)}× less work than a full pass each` +
      (unchanged > 0 ? `; ${unchanged.toLocaleString('en')} change nothing and cost nothing` : '') +
      (model.weightsNote === null
        ? ''
        : model.weights.residency === 'memory'
          ? `. ${model.weightsNote}`
          : `. ${passes === 1 ? 'One pass' : `${passes.toLocaleString('en')} passes`} over the weights. ${model.weightsNote}`),
    patches,
    flops: sum(plan => plan.flops),
    peakBytes: Math.max(0, ...plans.map(plan => plan.peakBytes + plan.baseBytes)),
  }
}
