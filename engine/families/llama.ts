/** Llama 1 to 3.x, TinyLlama, SmolLM and SmolLM2: the plain form. */
import type { Family } from './family.ts'
import { llamaLikeSlots, llamaLikeSpec } from './llama-like.ts'

export const llama: Family = {
  name: 'llama',
  modelTypes: ['llama'],
  spec: config => llamaLikeSpec('llama', config, { positions: 2048 }),
  slots: llamaLikeSlots,
}
