/** The MLP of one layer: dense, or a mixture of experts. */
import type { Tensor2D } from '@tensorflow/tfjs-core'
import { internalError } from '../errors.ts'
import type { LayerWeights } from '../weights.ts'
import { fire, layerSpecOf, type PassContext } from './context.ts'
import { mixture } from './moe.ts'
import { neurons } from './neurons.ts'

const SITES = { pre: 'mlp_pre', pre_linear: 'mlp_pre_linear', post: 'mlp_post' } as const

/** x [rows, d_model], normed → what the MLP adds, [rows, d_model]. The caller tidies. */
export function mlp(context: PassContext, x: Tensor2D, weights: LayerWeights): Tensor2D {
  if (layerSpecOf(context).sparse) return mixture(context, x, weights)
  if (weights.mlp === null) throw internalError('a dense layer without an MLP')
  return neurons(context, x, weights.mlp, (part, value) => fire(context, SITES[part], value))
}
