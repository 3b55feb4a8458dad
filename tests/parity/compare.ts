/** One parity case on one backend: our numbers against the reference's, point by point. */
import type { BackendName, Dtype } from '../../engine/backends/types.ts'
import { loadModel } from '../../engine/load.ts'
import { pointsOf } from '../../engine/points.ts'
import { runWithHooks } from '../../hooks/hooked.ts'
import { checkpointDir, NO_TOKENIZER, type ReferenceTensor, readReference } from '../support/fixtures.ts'

export interface Comparison {
  readonly family: string
  /** Largest |ours − reference| of the logits. */
  readonly logits: number
  /** Largest |ours − reference| of a point, as part of its largest value; by point, all prompts together. */
  readonly points: ReadonlyMap<string, number>
  /** Points of ours that the reference does not have, and of the reference that we do not have. */
  readonly unmatched: readonly string[]
  /** Prompts that are longer than the model's context, which must be refused. */
  readonly refused: readonly (readonly number[])[]
}

/** Runs a case's prompts, as one batch, and compares everything. */
export async function compareCase(name: string, backend: BackendName, dtype: Dtype = 'f32'): Promise<Comparison> {
  const reference = readReference(name)
  const model = await loadModel(checkpointDir(name), { backend, dtype, tokenizer: NO_TOKENIZER })
  try {
    const prompts = [0, 1].map(i => Array.from(reference.get(`${i}/ids`)?.data ?? []))
    const fits = prompts.filter(ids => ids.length <= model.spec.maxPositions)
    const outputs = await runWithHooks(
      model,
      fits.map(ids => ({ ids })),
      { capture: () => true, logits: 'all' },
    )
    let logits = 0
    const points = new Map<string, number>()
    const names = pointsOf(model.spec).map(point => point.name)
    const unmatched = new Set<string>()
    for (const [i, output] of outputs.entries()) {
      const prompt = prompts.indexOf(fits[i] ?? [])
      const own = new Map<string, ReferenceTensor>()
      for (const [key, tensor] of reference)
        if (key.startsWith(`${prompt}/`) && key !== `${prompt}/ids`) own.set(key.slice(2), tensor)
      const expected = own.get('logits')
      own.delete('logits')
      // The fixtures hold the logits once.
      if (expected !== undefined) own.set('unembed.hook_out', expected)
      const flat = output.logits.flatMap(row => Array.from(row))
      logits = Math.max(logits, largestDifference(flat, expected?.data ?? [], false))
      for (const point of new Set([...names, ...own.keys()])) {
        // What no position chose does not run in the reference; here it fires as zeros.
        const idle =
          names.includes(point) && point.includes('.mlp.experts.') && largest(output.capture.get(point).data) === 0
        const theirs = own.get(point) ?? (idle ? output.capture.get(point) : undefined)
        if (theirs === undefined || !names.includes(point)) {
          unmatched.add(point)
          continue
        }
        const ours = output.capture.get(point)
        const sameShape = ours.shape.join() === theirs.shape.join()
        const error = sameShape
          ? largestDifference(ours.data, theirs.data, point.endsWith('hook_attn_scores')) /
            Math.max(largest(theirs.data), 1e-6)
          : Number.POSITIVE_INFINITY
        points.set(point, Math.max(points.get(point) ?? 0, error))
      }
    }
    const refused = prompts.filter(ids => !fits.includes(ids))
    return { family: model.spec.family, logits, points, unmatched: [...unmatched], refused }
  } finally {
    await model.dispose()
  }
}

/** Infinite when sizes differ or a number is none. @param masked a masked score is −∞ here and 0 in the fixture */
function largestDifference(ours: ArrayLike<number>, theirs: ArrayLike<number>, masked: boolean): number {
  if (ours.length !== theirs.length) return Number.POSITIVE_INFINITY
  let worst = 0
  for (let i = 0; i < ours.length; i++) {
    const a = ours[i] ?? Number.NaN
    const b = theirs[i] ?? Number.NaN
    if (masked && a === Number.NEGATIVE_INFINITY && b === 0) continue
    const difference = Math.abs(a - b)
    if (!(difference <= worst)) worst = Number.isNaN(difference) ? Number.POSITIVE_INFINITY : difference
  }
  return worst
}

function largest(values: ArrayLike<number>): number {
  let max = 0
  for (let i = 0; i < values.length; i++) max = Math.max(max, Math.abs(values[i] ?? 0))
  return max
}
