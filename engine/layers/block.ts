/**
 * One transformer block in its two halves. Each half takes a residual stream and returns what it
 * adds, so that a lane may join between them (see `hooks/sweep`).
 */
import * as tf from '@tensorflow/tfjs-core'
import { internalError } from '../errors.ts'
import type { LayerWeights, NormWeights } from '../weights.ts'
import { type AttentionResult, attention } from './attention.ts'
import { fire, type PassContext } from './context.ts'
import { mlp } from './mlp.ts'
import { type NormSites, normalize } from './norm.ts'
import type { RotaryTable } from './rotary.ts'

const LN1 = { scale: 'ln1_scale', normalized: 'ln1_normalized' } as const
const LN2 = { scale: 'ln2_scale', normalized: 'ln2_normalized' } as const
const LN1_POST = { scale: 'ln1_post_scale', normalized: 'ln1_post_normalized' } as const
const LN2_POST = { scale: 'ln2_post_scale', normalized: 'ln2_post_normalized' } as const

/** stream [rows, d_model] → what attention adds. The caller tidies. */
export function attentionHalf(
  context: PassContext,
  stream: tf.Tensor2D,
  weights: LayerWeights,
  rotary: RotaryTable | null,
): AttentionResult {
  const x = context.spec.preNorm ? normed(context, stream, weights.ln1, LN1) : stream
  const result = attention(context, x, weights, rotary)
  const out = context.spec.postNorm ? normed(context, result.out, weights.ln1Post, LN1_POST) : result.out
  return { ...result, out: fire(context, 'attn_out', out) }
}

/** stream [rows, d_model] → what the MLP adds. The caller tidies. */
export function mlpHalf(context: PassContext, stream: tf.Tensor2D, weights: LayerWeights): tf.Tensor2D {
  const { spec } = context
  const x = spec.preNorm ? normed(context, stream, weights.ln2, LN2) : stream
  const out = mlp(context, x, weights)
  return fire(context, 'mlp_out', spec.postNorm ? normed(context, out, weights.ln2Post, LN2_POST) : out)
}

/** Fires `hook_resid_pre`. A clone is copied when it is changed, so the caller's stream never is. */
export function enterBlock(context: PassContext, stream: tf.Tensor2D): tf.Tensor2D {
  const edited = context.tap.edits('resid_pre', context.layer)
  return fire(context, 'resid_pre', edited ? tf.clone(stream) : stream)
}

/** Adds attention to the stream and fires `hook_resid_mid`. */
export function joinAttention(context: PassContext, stream: tf.Tensor2D, attnOut: tf.Tensor2D): tf.Tensor2D {
  return fire(context, 'resid_mid', tf.add(stream, attnOut))
}

/** Adds the MLP to the stream and fires `hook_resid_post`. */
export function joinMlp(context: PassContext, stream: tf.Tensor2D, mlpOut: tf.Tensor2D): tf.Tensor2D {
  return fire(context, 'resid_post', tf.add(stream, mlpOut))
}

function normed(
  context: PassContext,
  x: tf.Tensor2D,
  weights: NormWeights | null,
  sites: NormSites | null,
): tf.Tensor2D {
  if (weights === null) throw internalError('a norm without weights')
  return tf.tidy(() => normalize(context, x, weights, context.spec.norm, sites))
}
