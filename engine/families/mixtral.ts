/** Mixtral: Mistral whose every MLP is a mixture; the chosen experts' weights are made to sum to 1. */
import type { Family } from './family.ts'
import { gatedSlots, llamaLikeSlots, llamaLikeSpec } from './llama-like.ts'
import { expertsOf, mixtureLayer, withExperts } from './mixtures.ts'

const NAMES = { gate: 'w1', up: 'w3', down: 'w2' }

export const mixtral: Family = {
  name: 'mixtral',
  modelTypes: ['mixtral'],
  spec: config => {
    const window = { size: config.optionalSize('sliding_window') }
    const ways = { positions: 131_072, kvHeads: 8, eps: 1e-5, theta: 1_000_000, window }
    const spec = llamaLikeSpec('mixtral', config, ways)
    const keys = { count: 'num_local_experts', defaults: [8, 2] } as const
    const experts = expertsOf(config, keys, { dExpert: spec.dMlp, normalize: true })
    return withExperts(spec, experts)
  },
  slots: (spec, has) =>
    llamaLikeSlots(spec, has, (block, layer) =>
      mixtureLayer(spec, block, layer, has, 'block_sparse_moe', name => gatedSlots(spec, name, has, NAMES)),
    ),
}
