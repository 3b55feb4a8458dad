/**
 * Mistral: Llama with a window on every layer where the config sets one, and an explicit head size.
 * Its text model may stand inside a multimodal checkpoint, under `text_config`.
 */
import type { Family } from './family.ts'
import { llamaLikeSlots, llamaLikeSpec } from './llama-like.ts'
import { expectValue, optionalSize } from './reading.ts'

export const mistral: Family = {
  name: 'mistral',
  modelTypes: ['mistral', 'mistral3'],
  spec: outer => {
    const config = outer.has('text_config') ? outer.child('text_config') : outer
    if (config !== outer) expectValue(config, 'model_type', 'mistral')
    // Absent means 4096; only null means none.
    const window = { size: optionalSize(config, 'sliding_window', 4096) }
    return llamaLikeSpec('mistral', config, { positions: 131_072, kvHeads: 8, window })
  },
  slots: llamaLikeSlots,
}
