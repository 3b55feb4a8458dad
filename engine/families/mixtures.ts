/** What mixtures of experts share: their spec's experts, and the slots of router and experts. */
import type { ConfigReader } from '../checkpoint/config.ts'
import type { ExpertsSpec, ModelSpec } from '../spec.ts'
import type { ExpertSlots, Has, LayerSlots } from './family.ts'
import { llamaLikeLayer } from './llama-like.ts'
import { linearSlot } from './reading.ts'

/** Reads how many experts there are and how many each position uses. */
export function expertsOf(
  config: ConfigReader,
  keys: { readonly count: string; readonly defaults: readonly [count: number, perToken: number] },
  rest: Pick<ExpertsSpec, 'dExpert' | 'normalize'>,
): ExpertsSpec {
  const count = config.size(keys.count, keys.defaults[0])
  const perToken = config.size('num_experts_per_tok', keys.defaults[1])
  if (perToken > count) throw config.error('num_experts_per_tok', `at most ${keys.count} ${count}`)
  return { count, perToken, ...rest }
}

/** The spec with experts in the layers that `isSparse` names. */
export function withExperts(
  spec: ModelSpec,
  experts: ExpertsSpec,
  isSparse: (layer: number) => boolean = () => true,
): ModelSpec {
  return { ...spec, experts, layers: spec.layers.map((layer, i) => ({ ...layer, sparse: isSparse(i) })) }
}

/** A layer whose MLP, when it is sparse, is a router and experts under the name `at`. */
export function mixtureLayer(
  spec: ModelSpec,
  block: string,
  layer: number,
  has: Has,
  at: string,
  expert: (name: string) => ExpertSlots,
): LayerSlots {
  if (spec.layers[layer]?.sparse !== true) return llamaLikeLayer(spec, block, has)
  const { mlp, ...rest } = llamaLikeLayer(spec, block, has)
  return {
    ...rest,
    router: linearSlot(`${block}.${at}.gate`, false, has),
    experts: Array.from({ length: spec.experts?.count ?? 0 }, (_, i) => expert(`${block}.${at}.experts.${i}`)),
  }
}
