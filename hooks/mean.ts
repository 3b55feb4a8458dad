/** The mean of an activation over a reference set of prompts: what mean ablation puts in its place. */
import { ShapeError } from '../engine/errors.ts'
import type { Model } from '../engine/model.ts'
import { resolvePoint } from '../engine/point-names.ts'
import { isPairwise, rowWidth, stretch } from './edit.ts'
import { runWithHooks } from './hooked.ts'
import type { Positions } from './intervention.ts'

/** Prompts whose captures are held at once. */
const PROMPTS_AT_ONCE = 64

/**
 * The mean of an activation over prompts and positions, one number a feature, ready for
 * `{ at, set: { mean } }`. Sums run in float64.
 * @param at a hook point's name, or that of one head or neuron, whose part alone is given then
 * @param positions in each prompt; negative ones count from its end. Default 'all', each counting once
 * @returns one number a feature, flattened as the point's axes after `pos`
 * @throws HookPointError, ShapeError on what the model or a prompt does not have
 */
export async function meanActivation(
  model: Model,
  prompts: readonly (readonly number[])[],
  at: string,
  positions: Positions = 'all',
  signal?: AbortSignal,
): Promise<number[]> {
  const address = resolvePoint(model.spec, at)
  const { point } = address
  if (isPairwise(point))
    throw new ShapeError(
      `mean at ${at}: expected a point with features, got one with a number a key; prompts differ in keys`,
    )
  if (prompts.length === 0) throw new ShapeError(`mean at ${at}: expected at least one prompt, got none`)
  const width = rowWidth(model.spec, point)
  const sums = new Float64Array(width)
  let count = 0
  for (let from = 0; from < prompts.length; from += PROMPTS_AT_ONCE) {
    const runs = prompts.slice(from, from + PROMPTS_AT_ONCE).map(ids => ({ ids }))
    const options = { capture: point.name, capturePositions: positions, ...(signal === undefined ? {} : { signal }) }
    for (const { capture } of await runWithHooks(model, runs, options)) {
      const { data } = capture.get(point.name)
      for (let i = 0; i < data.length; i++) sums[i % width] = (sums[i % width] ?? 0) + (data[i] ?? 0)
      count += data.length / width
    }
  }
  const { offset, length } = stretch(model.spec, address, `mean at ${at}`)
  return Array.from(sums.subarray(offset, offset + length), sum => sum / count)
}
