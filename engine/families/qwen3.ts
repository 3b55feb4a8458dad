/** Qwen 3: Qwen 2 without biases and with a norm on each head's queries and keys; heads of 128. */
import type { Family } from './family.ts'
import { llamaLikeLayer, llamaLikeSlots, llamaLikeSpec, qkNormSlots, withWindows } from './llama-like.ts'
import { qwenWindows } from './qwen2.ts'

export const qwen3: Family = {
  name: 'qwen3',
  modelTypes: ['qwen3'],
  spec: config => {
    const spec = llamaLikeSpec('qwen3', config, { positions: 32_768, kvHeads: 32, headDim: 128 })
    return withWindows({ ...spec, qkNorm: 'head' }, qwenWindows(config, spec.layers.length))
  },
  slots: (spec, has) =>
    llamaLikeSlots(spec, has, block => ({ ...llamaLikeLayer(spec, block, has), ...qkNormSlots(block) })),
}
