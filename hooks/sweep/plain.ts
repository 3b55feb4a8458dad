/**
 * The plain loop: one full forward pass a patch. It is what a sweep must equal; tests and
 * `--check` hold the two against each other.
 */
import type { Model } from '../../engine/model.ts'
import { runWithHooks } from '../hooked.ts'
import type { PatchResult, SweepRequest } from './types.ts'

/** Runs every patch of a sweep by itself. */
export async function* runPlain(
  model: Model,
  request: Pick<SweepRequest, 'bases'>,
  signal?: AbortSignal,
): AsyncGenerator<PatchResult> {
  for (const [base, { ids, patches, metrics, position }] of request.bases.entries()) {
    for (const [patch, { interventions, functions }] of patches.entries()) {
      signal?.throwIfAborted()
      const run = { ids, interventions, ...(functions === undefined ? {} : { functions }) }
      const [output] = await runWithHooks(model, [run], {
        metrics,
        ...(position === undefined ? {} : { metricPosition: position }),
      })
      if (output !== undefined) yield { base, patch, values: output.values }
    }
  }
}
