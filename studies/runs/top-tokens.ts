/** The likeliest next tokens of one position, as people read them. */
import type { Tokenizer } from '../../engine/tokenizer-types.ts'
import type { TopToken } from './workbench-types.ts'

/**
 * The `count` tokens with the largest logits, largest first; the lower id first on a tie.
 * @param logits [vocab]
 */
export function topTokensOf(logits: Float32Array, count: number, tokenizer: Tokenizer): TopToken[] {
  let max = Number.NEGATIVE_INFINITY
  for (const logit of logits) if (logit > max) max = logit
  let sum = 0
  for (const logit of logits) sum += Math.exp(logit - max)
  const order = Array.from(logits.keys()).sort((a, b) => (logits[b] ?? 0) - (logits[a] ?? 0) || a - b)
  return order.slice(0, count).map(id => {
    const logit = logits[id] ?? Number.NaN
    return { id, label: tokenizer.label(id), logit, prob: Math.exp(logit - max) / sum }
  })
}
