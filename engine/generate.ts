/**
 * Generation: the prompt runs once as a lane of its own; then each token is a lane of one position
 * over the keys and values before it. It is the same forward pass as everything else, so a tap sees
 * every position exactly once, by its absolute number.
 */
import { setImmediate } from 'node:timers/promises'
import { internalError, PatchlightError } from './errors.ts'
import { disposeKeyValues, embed, KeyValueCollector, runLayers, unembed } from './forward.ts'
import { batchOf, type KeyValues, type Lane } from './lanes.ts'
import type { Model } from './model.ts'
import { checkPrompt } from './prompt.ts'
import { makeSampler, type SamplingOptions } from './sample.ts'
import { NO_TAP, type Tap } from './tap.ts'
import { TextStream } from './text-stream.ts'

export const DEFAULT_MAX_TOKENS = 64

export interface GenerateOptions extends SamplingOptions {
  /** @default 64 */
  readonly maxTokens?: number
  /** The text ends before the first of these. */
  readonly stop?: readonly string[]
  /** Tokens that end the text. @default the tokenizer's */
  readonly eosIds?: readonly number[]
  /** What listens to and changes each lane: first the prompt's, then one a token. */
  readonly tapOf?: (lane: Lane) => Tap
  readonly signal?: AbortSignal
}

export interface GeneratedToken {
  readonly id: number
  /** Text that is certain with this token: it may be empty, or belong to the tokens before. Special ids that end the text have none. */
  readonly text: string
}

/** Why generation ended: an end token, a stop string, `maxTokens`, or the model's longest context. */
export type FinishReason = 'eos' | 'stop' | 'length' | 'context'

/**
 * Generates token by token. All ids are yielded, the end token too; their texts together are the
 * generated text. The generator's return value says why it ended. Leaving the loop early frees everything.
 * @throws ShapeError for a bad prompt, PatchlightError for a bad option
 */
export async function* generate(
  model: Model,
  ids: readonly number[],
  options: GenerateOptions = {},
): AsyncGenerator<GeneratedToken, FinishReason, undefined> {
  const { maxTokens = DEFAULT_MAX_TOKENS, stop = [], eosIds = model.tokenizer.eosIds, tapOf, signal } = options
  checkPrompt(model, ids)
  checkGenerateOptions(options)
  const sample = makeSampler(options)
  const text = new TextStream(model.tokenizer, ids, stop)
  const ends = new Set(eosIds)
  let cache: KeyValues | null = null
  let next: readonly number[] = ids
  try {
    for (let count = 1; ; count++) {
      const step: Step = await advance(model, next, cache, tapOf, signal)
      if (cache !== null) disposeKeyValues(cache)
      cache = step.cache
      const id = sample(step.logits)
      if (ends.has(id)) {
        yield { id, text: text.end() }
        return 'eos'
      }
      const given = text.push(id)
      const reason = given.stopped
        ? 'stop'
        : count === maxTokens
          ? 'length'
          : cache.length >= model.spec.maxPositions
            ? 'context'
            : null
      const rest: string = reason === null || given.stopped ? '' : text.end()
      yield { id, text: given.text + rest }
      if (reason !== null) return reason
      next = [id]
    }
  } finally {
    if (cache !== null) disposeKeyValues(cache)
  }
}

/** @throws PatchlightError for an option of generation that is out of range */
export function checkGenerateOptions({ maxTokens = DEFAULT_MAX_TOKENS, stop = [] }: GenerateOptions): void {
  if (!Number.isInteger(maxTokens) || maxTokens < 1)
    throw new PatchlightError(`generate: expected maxTokens to be a whole number from 1, got ${maxTokens}`)
  if (stop.includes(''))
    throw new PatchlightError('generate: expected stop strings of at least one character, got none')
}

interface Step {
  /** [vocab], after the last of the new tokens */
  readonly logits: Float32Array
  /** Of all tokens so far; the caller disposes it. */
  readonly cache: KeyValues
}

/** Runs the tokens that come after a cache, which stays the caller's. */
async function advance(
  model: Model,
  ids: readonly number[],
  before: KeyValues | null,
  tapOf: GenerateOptions['tapOf'],
  signal: AbortSignal | undefined,
): Promise<Step> {
  // A pass does not yield: whoever may abort, or waits for text, gets a turn before each.
  await setImmediate()
  signal?.throwIfAborted()
  const lane: Lane = { start: before?.length ?? 0, length: ids.length, prefix: before }
  const batch = batchOf([lane])
  const tap = tapOf?.(lane) ?? NO_TAP
  const collector = new KeyValueCollector(batch)
  try {
    const stream = await runLayers(model, embed(model, ids, batch, tap), batch, {
      tap,
      onLayer: collector.collect,
      ...(signal === undefined ? {} : { signal }),
    })
    try {
      const logits = unembed(model, stream, batch, [ids.length - 1], tap)
      const [cache] = collector.take()
      if (cache === undefined) throw internalError('a lane without keys')
      try {
        return { logits: model.backend.view(logits).slice(), cache }
      } finally {
        logits.dispose()
      }
    } finally {
      stream.dispose()
    }
  } catch (error) {
    collector.dispose()
    throw error
  }
}
