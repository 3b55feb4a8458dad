/** The likeliest next tokens of one position, as people read them. */

import type { Tokenizer } from '../../engine/tokenizer-types.ts'
import { largest } from '../../hooks/largest.ts'
import { logSumOf, topTokens } from '../../hooks/top-tokens.ts'
import type { ComparedToken, Reading, TokenReading } from './cell/types.ts'
import type { TopToken } from './workbench-types.ts'

/**
 * The `count` tokens with the largest logits, largest first; the lower id first on a tie.
 * @param logits [vocab]
 */
export function topTokensOf(logits: Float32Array, count: number, tokenizer: Tokenizer): TopToken[] {
  return topTokens(logits, count).map(({ id, logit, logProb }) => ({
    id,
    label: tokenizer.label(id),
    logit,
    prob: Math.exp(logProb),
  }))
}

/**
 * The `count` likeliest tokens of each of two distributions, every one with its numbers in both;
 * by their logit in the second, largest first.
 * @param before [vocab] @param after [vocab]
 */
export function compareTokens(
  before: Float32Array,
  after: Float32Array,
  count: number,
  tokenizer: Tokenizer,
): ComparedToken[] {
  const ids = [...new Set([...largest(after, count), ...largest(before, count)])]
  const sides = [before, after].map(logits => ({ logits, logSum: logSumOf(logits) }))
  return ids
    .sort((a, b) => (after[b] ?? 0) - (after[a] ?? 0) || a - b)
    .map(id => {
      const [first, second] = sides.map(({ logits, logSum }) => readingOf(logits, logSum, id))
      const none: TokenReading = { logit: null, logProb: null, prob: null, rank: 0 }
      return { id, label: tokenizer.label(id), before: first ?? none, after: second ?? none }
    })
}

/** Null for what JSON cannot say. */
export const finite = (value: number): Reading => (Number.isFinite(value) ? value : null)

function readingOf(logits: Float32Array, logSum: number, id: number): TokenReading {
  const logit = logits[id] ?? Number.NaN
  let rank = 0
  for (const other of logits) if (other > logit) rank++
  return { logit: finite(logit), logProb: finite(logit - logSum), prob: finite(Math.exp(logit - logSum)), rank }
}
