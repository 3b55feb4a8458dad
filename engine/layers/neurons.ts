/** One MLP, gated (SwiGLU and kin) or plain: a dense layer's, or one expert's. */
import { type Tensor2D, tidy } from '@tensorflow/tfjs-core'
import type { ExpertWeights } from '../weights.ts'
import { activate, gated } from './activation.ts'
import type { PassContext } from './context.ts'
import { linear } from './linear.ts'

/** Fires one of the points of an MLP; gives back the values to go on with. */
export type FireNeurons = (part: 'pre' | 'pre_linear' | 'post', value: Tensor2D) => Tensor2D

/** x [rows, d_model] → [rows, d_model]. The caller tidies. */
export function neurons(context: PassContext, x: Tensor2D, weights: ExpertWeights, fired: FireNeurons): Tensor2D {
  const { spec, backend } = context
  // In a scope of its own: of the five matrices of this width one outlives it.
  const post = tidy((): Tensor2D => {
    if (weights.gate === null) return activate(fired('pre', linear(backend, x, weights.up)), spec.activation)
    const pre = fired('pre', linear(backend, x, weights.gate))
    const up = fired('pre_linear', linear(backend, x, weights.up))
    return gated(backend, pre, up, spec.activation)
  })
  return linear(backend, fired('post', post), weights.down)
}
