/** What an invariant looks at: a model, some prompts, and what their plain runs computed. */
import { internalError } from '../../engine/errors.ts'
import type { Model } from '../../engine/model.ts'
import { pointOf, type Site, siteExists } from '../../engine/points.ts'
import type { ModelSpec } from '../../engine/spec.ts'
import { type RunOutput, runWithHooks } from '../hooked.ts'

/** One prompt and its run without hooks. */
export interface PlainRun {
  readonly ids: readonly number[]
  readonly output: RunOutput
}

export interface Subject {
  readonly model: Model
  readonly runs: readonly PlainRun[]
}

/** Sites whose values the invariants read. */
const READ: readonly Site[] = [
  'embed',
  'pos_embed',
  'resid_pre',
  'v',
  'pattern',
  'z',
  'result',
  'attn_out',
  'resid_mid',
  'mlp_out',
  'resid_post',
]

/** Runs prompts without hooks, as one batch. @throws ShapeError for a prompt that the model cannot run */
export async function plainRuns(
  model: Model,
  prompts: readonly (readonly number[])[],
  signal?: AbortSignal,
): Promise<PlainRun[]> {
  const outputs = await runWithHooks(
    model,
    prompts.map(ids => ({ ids })),
    { capture: readPoints(model.spec), ...(signal === undefined ? {} : { signal }) },
  )
  return outputs.map((output, i) => ({ ids: prompts[i] ?? [], output }))
}

/** Names of the points that the plain runs must capture. */
function readPoints(spec: ModelSpec): string[] {
  return READ.flatMap(site =>
    site === 'embed' || site === 'pos_embed'
      ? siteExists(spec, site, -1)
        ? [pointOf(site).name]
        : []
      : spec.layers.flatMap((_, layer) => (siteExists(spec, site, layer) ? [pointOf(site, layer).name] : [])),
  )
}

/** A captured point's values; null where the model does not have the point. */
export function valuesOf(spec: ModelSpec, run: PlainRun, site: Site, layer = -1): Float32Array | null {
  return siteExists(spec, site, layer) ? run.output.capture.get(pointOf(site, layer).name).data : null
}

/** As `valuesOf`, of a point that every model has. */
export function certainValues(spec: ModelSpec, run: PlainRun, site: Site, layer = -1): Float32Array {
  const values = valuesOf(spec, run, site, layer)
  if (values === null) throw internalError(`no ${site} in layer ${layer}`)
  return values
}
