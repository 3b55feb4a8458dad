/**
 * Sweeps (a) to (c) on Llama-3.2-1B's shape: which patches, and the model of random weights that they
 * are run on, as float32 or as a backend packs it.
 */
import type { Backend, Weight } from '../../engine/backends/types.ts'
import { loadModel } from '../../engine/load.ts'
import type { Model } from '../../engine/model.ts'
import type { LayerWeights, LinearWeights } from '../../engine/weights.ts'
import { unembeddingInMemory } from '../../engine/weights-in-memory.ts'
import type { Metric } from '../../hooks/metric.ts'
import type { Patch, SweepBase } from '../../hooks/sweep/types.ts'
import { randomValues } from '../support/random.ts'
import { DEMO_DIR, llama1bSpec, matricesOf, randomLayer } from './llama-1b.ts'

const LAYERS = 16
export const TOKENS = 20
const NEURON_LAYERS = [15, 8] as const

export interface Case {
  readonly name: string
  readonly base: SweepBase
}

export function casesOf(model: Model): Case[] {
  const { spec } = model
  const ids = Array.from({ length: TOKENS }, (_, i) => (i * 6151 + 17) % spec.vocab)
  // Another prompt from the first token on, so that no patch is free.
  const donor = ids.map(id => (id + 1) % spec.vocab)
  const logits: Metric[] = [{ kind: 'logit_diff', tokens: [11], against: [12, 13] }]
  const layers = spec.layers.map((_, layer) => layer)
  const positions = Array.from({ length: TOKENS }, (_, position) => position)
  const sites = ['hook_resid_pre', 'hook_attn_out', 'hook_mlp_out']
  const from = { from: donor }
  const everywhere = layers.flatMap(layer =>
    sites.flatMap(site => positions.map(position => ({ at: `blocks.${layer}.${site}`, position, set: from }))),
  )
  const heads = layers.flatMap(layer =>
    Array.from({ length: spec.heads }, (_, head) => ({ at: `blocks.${layer}.attn.hook_z`, head, set: from })),
  )
  const neurons = (layer: number) =>
    Array.from({ length: spec.dMlp }, (_, neuron) => ({
      at: `blocks.${layer}.mlp.hook_post`,
      neuron,
      position: -1,
      set: { zero: true as const },
    }))
  const patches = (items: readonly Patch['interventions'][number][]): Patch[] =>
    items.map(item => ({ interventions: [item] }))
  const whole: Metric[] = [{ kind: 'prob', tokens: [11] }, { kind: 'top1' }]
  return [
    { name: '(a) layer × position, 3 sites', base: { ids, metrics: logits, patches: patches(everywhere) } },
    { name: '(b) every head, all positions', base: { ids, metrics: logits, patches: patches(heads) } },
    ...NEURON_LAYERS.map(layer => ({
      name: `(c) neurons of layer ${layer}`,
      base: { ids, metrics: whole, patches: patches(neurons(layer)) },
    })),
  ]
}

export interface RandomModel {
  readonly layers: readonly LayerWeights[]
  /** Of the weights that products use, as float32. */
  readonly bytes: number
  /** On a backend, its weights packed where that packs any. */
  on(backend: Backend): Model
  dispose(): Promise<void>
}

/** 5 GB of random weights; the tokenizer is the embedded model's. */
export async function randomModel(): Promise<RandomModel> {
  const spec = llama1bSpec(LAYERS)
  const layers = spec.layers.map((_, layer) => randomLayer(spec, layer))
  const demo = await loadModel(DEMO_DIR, { backend: 'wasm' })
  const table = randomValues(65_521, 3)
  const data = new Float32Array(spec.vocab * spec.dModel)
  for (let at = 0; at < data.length; at += table.length)
    data.set(table.subarray(0, Math.min(table.length, data.length - at)), at)
  const embedding: Weight = { name: 'unembed', outSize: spec.vocab, inSize: spec.dModel, data, transposed: false }
  return {
    layers,
    bytes: [embedding, ...layers.flatMap(matricesOf)].reduce((sum, weight) => sum + weight.data.byteLength, 0),
    on(backend) {
      const pack = (weight: Weight): Weight => backend.pack?.(weight) ?? weight
      const own = layers.map(layer => withMatrices(layer, pack))
      const unembed = pack(embedding)
      return {
        ...demo,
        spec,
        backend,
        weights: {
          ...demo.weights,
          embedding: token => data.subarray(token * spec.dModel, (token + 1) * spec.dModel),
          finalNorm: { weight: new Float32Array(spec.dModel).fill(1), bias: null },
          unembed: { ...unembeddingInMemory({ weight: embedding, bias: null }), parts: () => [unembed] },
          layer: layer => own[layer] ?? randomLayer(spec, layer),
        },
      }
    },
    dispose: () => demo.dispose(),
  }
}

function withMatrices(layer: LayerWeights, pack: (weight: Weight) => Weight): LayerWeights {
  const { q, k, v, o, mlp } = layer
  const packed = ({ weight, bias }: LinearWeights): LinearWeights => ({ weight: pack(weight), bias })
  return {
    ...layer,
    ...{ q: packed(q), k: packed(k), v: packed(v), o: packed(o) },
    mlp: mlp && { gate: mlp.gate && packed(mlp.gate), up: packed(mlp.up), down: packed(mlp.down) },
  }
}
