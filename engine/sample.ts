/**
 * Choosing the next token from logits. Temperature first, then the `topK` largest, then of those the
 * fewest whose probability reaches `topP`, as Hugging Face's generation does it; what is left is
 * scaled to sum to 1.
 */
import { PatchlightError } from './errors.ts'
import { mulberry32 } from './random.ts'

export interface SamplingOptions {
  /** 0 is greedy: always the token with the largest logit, the lowest id on a tie. @default 0 */
  readonly temperature?: number
  /** Keep this many tokens with the largest logits. @default all */
  readonly topK?: number
  /** Keep the fewest of the likeliest tokens whose probabilities sum to at least this, above 0 to 1. @default 1 */
  readonly topP?: number
  /** Whole number from 0 to 2³² − 1. One number of `mulberry32` is drawn a token. @default 0 */
  readonly seed?: number
}

/** Gives the id of the next token: logits [vocab]. */
export type Sampler = (logits: Float32Array) => number

interface Candidate {
  readonly id: number
  /** Not scaled to sum to 1. */
  readonly weight: number
}

/**
 * A sampler with a state of its own.
 * @throws PatchlightError for an option out of range; the sampler throws it for logits of which none is largest
 */
export function makeSampler(options: SamplingOptions = {}): Sampler {
  const { temperature = 0, topK, topP = 1, seed = 0 } = options
  expectOption(Number.isFinite(temperature) && temperature >= 0, 'a temperature of at least 0', temperature)
  expectOption(topK === undefined || (Number.isInteger(topK) && topK >= 1), 'topK to be a whole number from 1', topK)
  expectOption(topP > 0 && topP <= 1, 'topP to be above 0 and at most 1', topP)
  expectOption(Number.isInteger(seed) && seed >= 0 && seed < 2 ** 32, 'a seed from 0 to 2³² − 1', seed)
  const random = mulberry32(seed)
  return logits => {
    const best = largest(logits)
    if (temperature === 0 || topK === 1) return best
    const max = logits[best] ?? 0
    const kept = topK === undefined || topK >= logits.length ? null : largestIds(logits, topK)
    const candidates: Candidate[] = []
    const consider = (id: number): void => {
      const weight = Math.exp(((logits[id] ?? 0) - max) / temperature)
      if (weight > 0) candidates.push({ id, weight })
    }
    if (kept !== null) for (const id of kept) consider(id)
    else for (let id = 0; id < logits.length; id++) consider(id)
    return draw(topP < 1 ? nucleus(candidates, topP) : candidates, random())
  }
}

function expectOption(holds: boolean, wanted: string, got: number | undefined): void {
  if (!holds) throw new PatchlightError(`generate: expected ${wanted}, got ${got}`)
}

/** Id of the largest logit, the lowest on a tie. */
function largest(logits: Float32Array): number {
  let best = 0
  for (let id = 0; id < logits.length; id++) {
    const logit = logits[id] ?? 0
    if (Number.isNaN(logit))
      throw new PatchlightError(
        `generate: expected numbers as logits, got NaN for token ${id}; is an intervention too large?`,
      )
    if (logit > (logits[best] ?? 0)) best = id
  }
  if (!Number.isFinite(logits[best]))
    throw new PatchlightError(
      `generate: expected a finite largest logit, got ${logits[best]} for token ${best}; is an intervention too large?`,
    )
  return best
}

/** Ids of the `count` largest logits, in order of id; of equal ones the lowest ids. */
function largestIds(logits: Float32Array, count: number): number[] {
  const threshold = logits.slice().sort()[logits.length - count] ?? 0
  let above = 0
  for (const logit of logits) if (logit > threshold) above++
  let ties = count - above
  const ids: number[] = []
  for (let id = 0; id < logits.length; id++) {
    const logit = logits[id] ?? 0
    if (logit > threshold || (logit === threshold && ties-- > 0)) ids.push(id)
  }
  return ids
}

/** The fewest candidates, likeliest first, whose share reaches `topP`. */
function nucleus(candidates: readonly Candidate[], topP: number): Candidate[] {
  const total = candidates.reduce((sum, { weight }) => sum + weight, 0)
  // All below this share together stay under 1 − topP, so that none of them is needed: only the rest is sorted.
  const least = ((1 - topP) / candidates.length) * total
  const sorted = candidates.filter(({ weight }) => weight >= least).sort((a, b) => b.weight - a.weight || a.id - b.id)
  let sum = 0
  const end = sorted.findIndex(({ weight }) => {
    sum += weight
    return sum >= topP * total
  })
  return end < 0 ? sorted : sorted.slice(0, end + 1)
}

/** @param place in [0, 1): which candidate, as a share of all weights in their order */
function draw(candidates: readonly Candidate[], place: number): number {
  let left = place * candidates.reduce((sum, { weight }) => sum + weight, 0)
  for (const { id, weight } of candidates) {
    left -= weight
    if (left < 0) return id
  }
  // Rounding may leave a little after the last one.
  return candidates.at(-1)?.id ?? 0
}
