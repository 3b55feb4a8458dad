/** OLMo 2: norms only on what attention and MLP give, and on queries and keys over their whole width. */
import type { Family } from './family.ts'
import { attentionSlots, gatedSlots, llamaLikeSlots, llamaLikeSpec, qkNormSlots } from './llama-like.ts'

export const olmo2: Family = {
  name: 'olmo2',
  modelTypes: ['olmo2'],
  spec: config => ({
    ...llamaLikeSpec('olmo2', config, { positions: 2048, eps: 1e-5 }),
    preNorm: false,
    postNorm: true,
    qkNorm: 'full',
  }),
  slots: (spec, has) =>
    llamaLikeSlots(spec, has, block => ({
      ln1Post: { weight: `${block}.post_attention_layernorm.weight` },
      ln2Post: { weight: `${block}.post_feedforward_layernorm.weight` },
      ...attentionSlots(spec, block, has),
      ...qkNormSlots(block),
      mlp: gatedSlots(spec, `${block}.mlp`, has),
    })),
}
