/** Qwen 2 and 2.5: Llama with biases on queries, keys and values; upper layers may have a window. */
import type { ConfigReader } from '../checkpoint/config.ts'
import type { Family } from './family.ts'
import { llamaLikeSlots, llamaLikeSpec, type Ways } from './llama-like.ts'
import { optionalSize } from './reading.ts'

export const qwen2: Family = {
  name: 'qwen2',
  modelTypes: ['qwen2'],
  spec: config => {
    const spec = llamaLikeSpec('qwen2', config, { positions: 32_768, kvHeads: 32, window: upperWindow(config) })
    return { ...spec, biases: { qkv: true, attentionOut: false, mlp: false } }
  },
  slots: llamaLikeSlots,
}

/** The size of Qwen's window, which a config may state and still not switch on. */
export function qwenWindow(config: ConfigReader): number | null {
  return config.boolean('use_sliding_window', false) ? optionalSize(config, 'sliding_window', 4096) : null
}

/** That window from layer `max_window_layers` up. */
export function upperWindow(config: ConfigReader): NonNullable<Ways['window']> {
  const first = config.integer('max_window_layers', 28)
  return { size: qwenWindow(config), isLocal: layer => layer >= first }
}
