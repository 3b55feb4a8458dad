/**
 * Metrics of a next-token distribution, as data; `measure.ts` computes them. A set of tokens counts
 * as one answer, whose probability is the sum of theirs.
 */
import { ShapeError } from '../engine/errors.ts'

export type Metric =
  /** Mean logit of the tokens. */
  | { readonly kind: 'logit'; readonly tokens: readonly number[] }
  /** ln of the tokens' summed probability, in nats. */
  | { readonly kind: 'log_prob'; readonly tokens: readonly number[] }
  | { readonly kind: 'prob'; readonly tokens: readonly number[] }
  /** Mean logit of `tokens` minus mean logit of `against`. */
  | { readonly kind: 'logit_diff'; readonly tokens: readonly number[]; readonly against: readonly number[] }
  /** KL(reference ‖ this), in nats; `reference` holds log-probabilities over the vocabulary. */
  | { readonly kind: 'kl'; readonly reference: Float32Array }
  /** How many tokens have a larger logit than this one: 0 is the top. */
  | { readonly kind: 'rank'; readonly token: number }
  /** Id of the token with the largest logit (the lowest id on a tie). */
  | { readonly kind: 'top1' }

/** Whether a metric needs only the logits of a few tokens, not the whole vocabulary's. */
export function needsOnly(metric: Metric): readonly number[] | null {
  if (metric.kind === 'logit') return metric.tokens
  if (metric.kind === 'logit_diff') return [...metric.tokens, ...metric.against]
  return null
}

/**
 * Whether a metric can be gathered part after part of the vocabulary. A rank cannot: what is larger
 * is known only beside the token's own logit.
 */
export function worksInParts(metric: Metric): boolean {
  return metric.kind !== 'rank'
}

/** @throws ShapeError for a token id outside the vocabulary, or an empty set */
export function checkMetric(metric: Metric, vocab: number): void {
  const check = (ids: readonly number[]): void => {
    if (ids.length === 0) throw new ShapeError(`metric ${metric.kind}: expected at least one token, got none`)
    for (const id of ids)
      if (!Number.isInteger(id) || id < 0 || id >= vocab)
        throw new ShapeError(`metric ${metric.kind}: expected a token id from 0 to ${vocab - 1}, got ${id}`)
  }
  if ('tokens' in metric) check(metric.tokens)
  if (metric.kind === 'logit_diff') check(metric.against)
  if (metric.kind === 'rank') check([metric.token])
  if (metric.kind === 'kl' && metric.reference.length !== vocab)
    throw new ShapeError(`metric kl: expected ${vocab} log-probabilities, got ${metric.reference.length}`)
}
