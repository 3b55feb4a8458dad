/**
 * Direct logit attribution: what parts of the last residual stream add to the logits of some tokens,
 * the final norm's divisor being what it was in the run. Parts that add up to the stream have shares
 * that add up to the logits, less the biases of norm and unembedding, and before a soft-cap.
 * Source: Elhage et al. 2021, “A mathematical framework for transformer circuits”.
 */
import { ShapeError } from '../engine/errors.ts'
import type { Model } from '../engine/model.ts'
import { throughNorm } from './neuron-writes.ts'

/**
 * @param parts [parts, d_model], one after another: heads' `hook_result`, `hook_mlp_out` and the like, at one position
 * @param scale `ln_final.hook_scale` at that position
 * @returns [parts, tokens], one part after another
 * @throws ShapeError for parts of another width, or a token that the model does not have
 */
export function directLogits(
  { spec, weights }: Model,
  parts: Float32Array,
  scale: number,
  tokens: readonly number[],
): Float32Array {
  const { dModel, vocab, norm } = spec
  if (parts.length % dModel !== 0)
    throw new ShapeError(`direct logits: expected parts of ${dModel} numbers each, got ${parts.length} numbers`)
  for (const token of tokens)
    if (!Number.isInteger(token) || token < 0 || token >= vocab)
      throw new ShapeError(`direct logits: expected a token id from 0 to ${vocab - 1}, got ${token}`)
  const rows = weights.unembed.rows(tokens) // [tokens, d_model]
  const found = new Float32Array((parts.length / dModel) * tokens.length)
  for (let part = 0; part * dModel < parts.length; part++) {
    const read = throughNorm(parts.subarray(part * dModel, (part + 1) * dModel), weights.finalNorm, norm, scale)
    for (let token = 0; token < tokens.length; token++)
      found[part * tokens.length + token] = read.reduce((sum, x, i) => sum + x * (rows[token * dModel + i] ?? 0), 0)
  }
  return found
}
