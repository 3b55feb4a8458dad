/** Patches whose outcome is known beforehand, and batches against single runs. */
import { internalError } from '../../engine/errors.ts'
import type { Model } from '../../engine/model.ts'
import { type Point, pointOf, pointsOf, type Site } from '../../engine/points.ts'
import { type PromptRun, type RunOutput, runWithHooks } from '../hooked.ts'
import { relativeError } from './error.ts'
import type { Subject } from './subject.ts'

/** The last stream at all positions and the logits after the last: whatever a change does shows there. */
async function outcomes(model: Model, runs: readonly PromptRun[]): Promise<RunOutput[]> {
  const last = pointOf('resid_post', model.spec.layers.length - 1).name
  return runWithHooks(model, runs, { capture: last, logits: -1 })
}

function outcomeError(model: Model, a: RunOutput | undefined, b: RunOutput | undefined): number {
  if (a === undefined || b === undefined) throw internalError('a run without an outcome')
  const last = pointOf('resid_post', model.spec.layers.length - 1).name
  return Math.max(
    relativeError(a.capture.get(last).data, b.capture.get(last).data),
    relativeError(a.logits[0] ?? [], b.logits[0] ?? []),
  )
}

/** One point of each site: in the middle layer, or the nearest that has it. */
function onePointASite(model: Model): Point[] {
  const middle = Math.floor(model.spec.layers.length / 2)
  const best = new Map<Site, Point>()
  for (const point of pointsOf(model.spec)) {
    const known = best.get(point.site)
    if (known === undefined || Math.abs(point.layer - middle) < Math.abs(known.layer - middle))
      best.set(point.site, point)
  }
  return [...best.values()]
}

/** A patch with a run's own activation changes nothing: one point of every site. */
export async function selfPatchError({ model, runs }: Subject): Promise<number> {
  let worst = 0
  for (const { ids } of runs)
    for (const { name } of onePointASite(model)) {
      const patched: PromptRun = { ids, interventions: [{ at: name, set: { from: [...ids] } }] }
      const [without, with_] = await outcomes(model, [{ ids }, patched])
      worst = Math.max(worst, outcomeError(model, with_, without))
    }
  return worst
}

/** The clean stream, patched at all positions into a corrupted run, makes it the clean run. */
export async function cleanStreamError({ model, runs }: Subject): Promise<number> {
  const { spec } = model
  const last = spec.layers.length - 1
  const layers = [...new Set([0, Math.floor(last / 2), last])]
  let worst = 0
  for (const { ids } of runs) {
    const corrupted = ids.map(id => (id + 1) % spec.vocab)
    const patched = [...layers.map(layer => pointOf('resid_pre', layer)), pointOf('resid_post', last)].map(
      ({ name }): PromptRun => ({ ids: corrupted, interventions: [{ at: name, set: { from: [...ids] } }] }),
    )
    const [clean, ...others] = await outcomes(model, [{ ids }, ...patched])
    for (const other of others) worst = Math.max(worst, outcomeError(model, other, clean))
  }
  return worst
}

/** A batch equals its prompts one by one. */
export async function batchError({ model, runs }: Subject): Promise<number> {
  const together = await outcomes(
    model,
    runs.map(({ ids }) => ({ ids })),
  )
  let worst = 0
  for (const [i, { ids }] of runs.entries()) {
    const [alone] = await outcomes(model, [{ ids }])
    worst = Math.max(worst, outcomeError(model, together[i], alone))
  }
  return worst
}
