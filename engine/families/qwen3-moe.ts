/** Qwen3-MoE: Qwen 3 with experts in some layers, every `decoder_sparse_step`-th but those of `mlp_only_layers`. */
import type { Family } from './family.ts'
import { gatedSlots, llamaLikeSlots, llamaLikeSpec, qkNormSlots } from './llama-like.ts'
import { expertsOf, mixtureLayer, withExperts } from './mixtures.ts'
import { qwenWindow } from './qwen2.ts'

export const qwen3Moe: Family = {
  name: 'qwen3_moe',
  modelTypes: ['qwen3_moe'],
  spec: config => {
    const spec = llamaLikeSpec('qwen3_moe', config, {
      positions: 32_768,
      kvHeads: 4,
      window: { size: qwenWindow(config) },
    })
    const experts = expertsOf(
      config,
      { count: 'num_experts', defaults: [128, 8] },
      { dExpert: config.size('moe_intermediate_size', 768), normalize: config.boolean('norm_topk_prob', false) },
    )
    const step = config.size('decoder_sparse_step', 1)
    const dense = config.integers('mlp_only_layers', [])
    const isSparse = (layer: number) => !dense.includes(layer) && (layer + 1) % step === 0
    return withExperts({ ...spec, qkNorm: 'head' }, experts, isSparse)
  },
  slots: (spec, has) =>
    llamaLikeSlots(spec, has, (block, layer) => ({
      ...mixtureLayer(spec, block, layer, has, 'mlp', name => gatedSlots(spec, name, has)),
      ...qkNormSlots(block),
    })),
}
