/**
 * SmolLM3: Llama in which some layers have no rotary embedding. In `no_rope_layers` 1 means that the
 * layer has it; where that list is absent, every `no_rope_layer_interval`-th layer goes without.
 */
import type { Family } from './family.ts'
import { llamaLikeSlots, llamaLikeSpec } from './llama-like.ts'

export const smollm3: Family = {
  name: 'smollm3',
  modelTypes: ['smollm3'],
  spec: config => {
    const count = config.size('num_hidden_layers')
    const interval = config.size('no_rope_layer_interval', 4)
    const listed = config.has('no_rope_layers') ? config.integers('no_rope_layers') : null
    if (listed !== null && (listed.length !== count || listed.some(flag => flag > 1)))
      throw config.error('no_rope_layers', `${count} numbers, each 0 or 1`)
    const rotates = (layer: number) => (listed === null ? (layer + 1) % interval !== 0 : listed[layer] === 1)
    const size = config.boolean('use_sliding_window', false) ? config.optionalSize('sliding_window') : null
    const window = { size, isLocal: (layer: number) => !rotates(layer) }
    const ways = { positions: 32_768, kvHeads: 4, theta: 2_000_000, tied: true, window }
    const spec = llamaLikeSpec('smollm3', config, ways)
    return { ...spec, layers: spec.layers.map((layer, i) => (rotates(i) ? layer : { ...layer, rotary: null })) }
  },
  slots: llamaLikeSlots,
}
