/** OLMoE: experts in every layer, and norms on queries and keys over their whole width. */
import type { Family } from './family.ts'
import { gatedSlots, llamaLikeSlots, llamaLikeSpec, qkNormSlots } from './llama-like.ts'
import { expertsOf, mixtureLayer, withExperts } from './mixtures.ts'
import { expectAbsent } from './reading.ts'

export const olmoe: Family = {
  name: 'olmoe',
  modelTypes: ['olmoe'],
  spec: config => {
    expectAbsent(config, 'clip_qkv')
    const spec = llamaLikeSpec('olmoe', config, { positions: 4096, eps: 1e-5 })
    const experts = expertsOf(
      config,
      { count: 'num_experts', defaults: [64, 8] },
      { dExpert: spec.dMlp, normalize: config.boolean('norm_topk_prob', false) },
    )
    return withExperts({ ...spec, qkNorm: 'full' }, experts)
  },
  slots: (spec, has) =>
    llamaLikeSlots(spec, has, (block, layer) => ({
      ...mixtureLayer(spec, block, layer, has, 'mlp', name => gatedSlots(spec, name, has)),
      ...qkNormSlots(block),
    })),
}
