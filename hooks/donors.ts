/**
 * Donors: the activations that `from` interventions copy from other prompts. Each donor prompt runs
 * once, however many interventions read from it.
 */
import { internalError } from '../engine/errors.ts'
import type { Model } from '../engine/model.ts'
import type { Point } from '../engine/points.ts'
import type { Capture } from './capture.ts'
import { type DonorLookup, type DonorNeed, donorNeeds, isPairwise } from './edit.ts'
import type { PromptRun, RunOptions, RunOutput } from './hooked.ts'

type Runner = (model: Model, runs: readonly PromptRun[], options: RunOptions) => Promise<RunOutput[]>

/** Runs the donors of some prompts and gives a way to read them. */
export async function collectDonors(
  model: Model,
  runs: readonly PromptRun[],
  encode: (text: string) => readonly number[],
  run: Runner,
  signal?: AbortSignal,
): Promise<DonorLookup> {
  const needs = runs.flatMap(({ interventions, ids }) =>
    interventions === undefined ? [] : donorNeeds(model.spec, interventions, ids.length, encode),
  )
  return donorLookup(model, needs, run, signal)
}

/** One donor prompt, and what of it is needed. */
export interface Donor {
  readonly ids: readonly number[]
  readonly points: readonly Point[]
  readonly positions: readonly number[]
}

/** The donor prompts of some needs, each once. */
export function donorsOf(needs: readonly DonorNeed[]): Donor[] {
  const byPrompt = new Map<string, { ids: readonly number[]; points: Map<string, Point>; positions: Set<number> }>()
  for (const { ids, point, position } of needs) {
    const key = ids.join()
    const entry = byPrompt.get(key) ?? { ids, points: new Map<string, Point>(), positions: new Set<number>() }
    entry.points.set(point.name, point)
    entry.positions.add(position)
    byPrompt.set(key, entry)
  }
  return [...byPrompt.values()].map(({ ids, points, positions }) => ({
    ids,
    points: [...points.values()],
    positions: [...positions],
  }))
}

/** Captures what is needed, a donor at a time so that each holds only its own points. */
export async function donorLookup(
  model: Model,
  needs: readonly DonorNeed[],
  run: Runner,
  signal?: AbortSignal,
): Promise<DonorLookup> {
  const captures = new Map<string, Capture>()
  for (const { ids, points, positions } of donorsOf(needs)) {
    const [output] = await run(model, [{ ids }], {
      capture: points.map(({ name }) => name),
      capturePositions: [...positions],
      ...(signal === undefined ? {} : { signal }),
    })
    if (output === undefined) throw internalError('a donor that did not run')
    captures.set(ids.join(), output.capture)
  }
  return lookupIn(captures)
}

/** Reads the activations of donors. @param captures by the donors' token ids */
export function lookupIn(captures: ReadonlyMap<string, Capture>): DonorLookup {
  return (ids, point, position) => {
    const activation = captures.get(ids.join())?.get(point.name)
    const index = activation?.positions.indexOf(position) ?? -1
    if (activation === undefined || index < 0)
      throw internalError(`donor: ${point.name} at ${position} was not captured`)
    const { data, shape, positions } = activation
    if (isPairwise(point)) return pairwiseRow(data, shape, index, position)
    const width = data.length / positions.length
    return data.subarray(index * width, (index + 1) * width)
  }
}

/** [head, query, key] → what one query sees, [head, position + 1] flattened. */
function pairwiseRow(data: Float32Array, shape: readonly number[], query: number, position: number): Float32Array {
  const [heads = 0, queries = 0, keys = 0] = shape
  const seen = position + 1
  const row = new Float32Array(heads * seen)
  for (let head = 0; head < heads; head++) {
    const begin = (head * queries + query) * keys
    row.set(data.subarray(begin, begin + seen), head * seen)
  }
  return row
}
