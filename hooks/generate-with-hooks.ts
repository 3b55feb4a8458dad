/**
 * Generation with interventions and functions active at every step. Positions are absolute: a fixed
 * one applies when that position is computed, be it in the prompt or long after; 'all' applies to
 * each position there is and each that comes. Negative positions count from the prompt's end.
 */
import { ShapeError } from '../engine/errors.ts'
import {
  checkGenerateOptions,
  DEFAULT_MAX_TOKENS,
  type FinishReason,
  type GeneratedToken,
  type GenerateOptions,
  generate,
} from '../engine/generate.ts'
import type { Lane } from '../engine/lanes.ts'
import type { Model } from '../engine/model.ts'
import { checkPrompt } from '../engine/prompt.ts'
import { donorLookup } from './donors.ts'
import { compileEdits, donorNeeds } from './edit.ts'
import { type PromptRun, runWithHooks } from './hooked.ts'
import type { Intervention } from './intervention.ts'
import { calledPoint, LaneTap } from './lane-tap.ts'

export interface HookedGenerateOptions
  extends Omit<GenerateOptions, 'tapOf'>,
    Pick<PromptRun, 'interventions' | 'functions'> {}

/**
 * `generate`, steered. Without hooks it gives what `generate` gives, so two calls with one seed show
 * what the hooks change.
 * @throws HookPointError, ShapeError, PatchlightError as `generate` and `runWithHooks` do; ShapeError also
 * for a position that generation cannot reach, and for a `from` at all positions
 */
export async function* generateWithHooks(
  model: Model,
  ids: readonly number[],
  options: HookedGenerateOptions = {},
): AsyncGenerator<GeneratedToken, FinishReason, undefined> {
  checkPrompt(model, ids)
  checkGenerateOptions(options)
  const { interventions = [], functions = [], ...rest } = options
  const { spec } = model
  // The last token is chosen, never run.
  const reach = Math.min(ids.length + (rest.maxTokens ?? DEFAULT_MAX_TOKENS) - 1, spec.maxPositions)
  const encode = (text: string): number[] => model.tokenizer.encode(text)
  const placed = interventions.map(item => fromPromptEnd(item, ids.length, reach))
  const fixed = placed.filter(item => !everywhere(item))
  const lookup = await donorLookup(model, donorNeeds(spec, fixed, reach, encode), runWithHooks, rest.signal)
  const edits = placed.map(item =>
    everywhere(item) ? { lasting: item } : { fixed: compileEdits(spec, [item], reach, encode, lookup) },
  )
  const calls = functions.map(({ at, run }) => ({ point: calledPoint(spec, at), run }))
  const tapOf = (lane: Lane): LaneTap => {
    const end = lane.start + lane.length
    const here = Array.from({ length: lane.length }, (_, i) => lane.start + i)
    const own = edits.flatMap(({ lasting, fixed: known }) =>
      lasting === undefined
        ? known.filter(({ position }) => position >= lane.start && position < end)
        : compileEdits(spec, [{ ...lasting, position: here }], end, encode, lookup),
    )
    return new LaneTap(spec, model.backend, new Map([[lane, { edits: own, functions: calls }]]))
  }
  return yield* generate(model, ids, { ...rest, tapOf })
}

function everywhere({ position }: Intervention): boolean {
  return position === undefined || position === 'all'
}

/** The intervention with its negative positions counted from the prompt's end. */
function fromPromptEnd(item: Intervention, promptLength: number, reach: number): Intervention {
  const { position } = item
  if (position === undefined || position === 'all') {
    if ('from' in item.set)
      throw new ShapeError(
        `intervention at ${item.at}: expected positions for a donor, got 'all': a donor has no activations for tokens that are not there yet`,
      )
    return item
  }
  const absolute = (Array.isArray(position) ? position : [position]).map(each => {
    const place = each < 0 ? each + promptLength : each
    if (!Number.isInteger(place) || place < 0 || place >= reach)
      throw new ShapeError(
        `intervention at ${item.at}: expected a position from ${-promptLength} to ${reach - 1} (prompt and tokens to come), got ${each}`,
      )
    return place
  })
  if (!('from' in item.set)) return { ...item, position: absolute }
  // The donor's positions count from its own end.
  return { ...item, position: absolute, set: { ...item.set, position: item.set.position ?? position } }
}
