/** The next-token distribution of one position, read from its logits. */
import { largest } from './largest.ts'

export interface RankedToken {
  readonly id: number
  readonly logit: number
  /** In nats. */
  readonly logProb: number
}

/** ln Σ exp. @param logits [vocab] */
export function logSumOf(logits: Float32Array): number {
  let max = Number.NEGATIVE_INFINITY
  for (const logit of logits) if (logit > max) max = logit
  let sum = 0
  for (const logit of logits) sum += Math.exp(logit - max)
  return max + Math.log(sum)
}

/** Log-probabilities in nats, such as the reference of a `kl`: [vocab] → [vocab]. */
export function logProbs(logits: Float32Array): Float32Array {
  const logSum = logSumOf(logits)
  return logits.map(logit => logit - logSum)
}

/**
 * The `count` tokens with the largest logits, largest first; the lower id first on a tie.
 * @param logits [vocab], as `runWithHooks` gives them
 */
export function topTokens(logits: Float32Array, count: number): RankedToken[] {
  const logSum = logSumOf(logits)
  return largest(logits, count).map(id => {
    const logit = logits[id] ?? Number.NaN
    return { id, logit, logProb: logit - logSum }
  })
}
