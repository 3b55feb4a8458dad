/** Qwen 3: Qwen 2 without biases and with a norm on each head's queries and keys; heads of 128. */
import type { Family } from './family.ts'
import { llamaLikeLayer, llamaLikeSlots, llamaLikeSpec, qkNormSlots } from './llama-like.ts'
import { upperWindow } from './qwen2.ts'

export const qwen3: Family = {
  name: 'qwen3',
  modelTypes: ['qwen3'],
  spec: config => {
    const ways = { positions: 32_768, kvHeads: 32, headDim: 128, window: upperWindow(config) }
    return { ...llamaLikeSpec('qwen3', config, ways), qkNorm: 'head' }
  },
  slots: (spec, has) =>
    llamaLikeSlots(spec, has, block => ({ ...llamaLikeLayer(spec, block, has), ...qkNormSlots(block) })),
}
