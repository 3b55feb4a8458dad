/** The MLP of one layer: gated (SwiGLU and kin) or plain. */
import type * as tfTypes from '@tensorflow/tfjs-core'
import { mul } from '@tensorflow/tfjs-core'
import { internalError } from '../errors.ts'
import type { ExpertWeights, LayerWeights } from '../weights.ts'
import { activate } from './activation.ts'
import { fire, type PassContext } from './context.ts'
import { linear } from './linear.ts'

/** x [rows, d_model], normed → what the MLP adds, [rows, d_model]. The caller tidies. */
export function mlp(context: PassContext, x: tfTypes.Tensor2D, weights: LayerWeights): tfTypes.Tensor2D {
  if (weights.mlp === null) throw internalError('a dense layer without an MLP')
  return dense(context, x, weights.mlp)
}

function dense(context: PassContext, x: tfTypes.Tensor2D, weights: ExpertWeights): tfTypes.Tensor2D {
  const { spec, backend } = context
  let post: tfTypes.Tensor2D
  if (weights.gate === null) {
    post = activate(fire(context, 'mlp_pre', linear(backend, x, weights.up)), spec.activation)
  } else {
    const pre = fire(context, 'mlp_pre', linear(backend, x, weights.gate))
    const up = fire(context, 'mlp_pre_linear', linear(backend, x, weights.up))
    post = mul(activate(pre, spec.activation), up)
  }
  return linear(backend, fire(context, 'mlp_post', post), weights.down)
}
