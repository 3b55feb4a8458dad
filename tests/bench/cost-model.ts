/**
 * Points beside the curves of `docs/cost-model.md`: sweeps on a small random stack, in which layers,
 * positions, patches or the vocabulary grow while all else stays. Seconds are the best of several, for
 * the machine may do other things too; operations and planned bytes are exact.
 */
import * as tf from '@tensorflow/tfjs-core'
import { selectBackend } from '../../engine/backends/select.ts'
import { loadModel } from '../../engine/load.ts'
import type { Model } from '../../engine/model.ts'
import type { ModelSpec } from '../../engine/spec.ts'
import { unembeddingInMemory } from '../../engine/weights-in-memory.ts'
import { prepareSweep } from '../../hooks/sweep/execute.ts'
import type { SweepBase } from '../../hooks/sweep/types.ts'
import { randomValues } from '../support/random.ts'
import { usableBackends } from './backends.ts'
import { DEMO_DIR, llama1bSpec, randomLayer } from './llama-1b.ts'
import type { Bench, Table } from './table.ts'

interface Point {
  readonly grows: string
  readonly layers: number
  readonly tokens: number
  readonly patches: number
  readonly vocab: number
  /** A metric that reads the whole vocabulary, instead of two tokens. */
  readonly whole: boolean
}

const BASE = { layers: 8, tokens: 20, patches: 40, vocab: 4096, whole: false } as const
const POINTS: readonly Point[] = [
  ...[4, 8].map(layers => ({ ...BASE, grows: 'layers', layers })),
  ...[20, 40].map(tokens => ({ ...BASE, grows: 'positions', tokens })),
  ...[40, 80].map(patches => ({ ...BASE, grows: 'patches', patches })),
  ...[4096, 65_536].map(vocab => ({ ...BASE, grows: 'vocabulary', vocab, whole: true })),
]
const TIMES = 2

export const costModel: Bench = {
  name: 'cost-model',
  async run({ backend: only, progress }): Promise<Table[]> {
    const wanted = (await usableBackends(only)).filter(({ name }) => only !== undefined || name === 'blas')
    const demo = await loadModel(DEMO_DIR, { backend: 'wasm' })
    const rows: Record<string, string | number>[] = []
    try {
      for (const { name } of wanted) {
        const backend = await selectBackend(name)
        for (const point of POINTS) {
          progress(`${name}: ${point.grows} ${JSON.stringify(point)}`)
          const { grows, layers, tokens, patches, vocab } = point
          const shown = { backend: name, grows, layers, tokens, patches, vocab }
          rows.push({ ...shown, ...(await measure({ ...stackOf(demo, point), backend }, point)) })
        }
        backend.dispose()
      }
    } finally {
      await demo.dispose()
    }
    return [
      {
        title: 'Sweeps of a random stack: d_model 256, d_mlp 1,024, 4 heads of 64, 2 key/value heads, float32',
        columns: [
          { key: 'backend', label: 'backend' },
          { key: 'grows', label: 'grows' },
          { key: 'layers', label: 'layers' },
          { key: 'tokens', label: 'positions' },
          { key: 'patches', label: 'patches' },
          { key: 'vocab', label: 'vocabulary' },
          { key: 'gflop', label: 'GFLOP, plan', digits: 2 },
          { key: 'seconds', label: 'seconds', digits: 3 },
          { key: 'rate', label: 'GFLOP/s' },
          { key: 'planned', label: 'MB, plan', digits: 1 },
          { key: 'held', label: 'MB, tensors', digits: 1 },
        ],
        rows,
        note:
          'The residual stream is patched, patches spread evenly over layers and positions. ' +
          `Seconds: the best of ${TIMES}, base run included. Tensors: the most that tfjs held at once, the base run’s keys and values included.`,
      },
    ]
  },
}

/** A model whose blocks, embedding and unembedding are random. */
function stackOf(demo: Model, { layers: count, vocab }: Point): Model {
  const shape = llama1bSpec(count)
  const spec: ModelSpec = { ...shape, dModel: 256, heads: 4, kvHeads: 2, dHead: 64, dMlp: 1024, vocab }
  const layers = spec.layers.map((_, layer) => randomLayer(spec, layer))
  const data = randomValues(spec.vocab * spec.dModel, 3)
  const weight = { name: 'unembed', outSize: spec.vocab, inSize: spec.dModel, data, transposed: false }
  const weights = {
    ...demo.weights,
    embedding: (token: number) => data.subarray(token * spec.dModel, (token + 1) * spec.dModel),
    finalNorm: { weight: new Float32Array(spec.dModel).fill(1), bias: null },
    unembed: unembeddingInMemory({ weight, bias: null }),
    layer: (layer: number) => layers[layer] ?? randomLayer(spec, layer),
  }
  return { ...demo, spec, weights }
}

function baseOf({ layers, tokens, patches, vocab, whole }: Point): SweepBase {
  return {
    ids: Array.from({ length: tokens }, (_, i) => (i * 6151 + 17) % vocab),
    metrics: whole ? [{ kind: 'prob', tokens: [11] }] : [{ kind: 'logit_diff', tokens: [11], against: [12] }],
    patches: Array.from({ length: patches }, (_, i) => {
      const cell = Math.floor((i * layers * tokens) / patches)
      const at = `blocks.${Math.floor(cell / tokens)}.hook_resid_pre`
      return { interventions: [{ at, position: cell % tokens, set: { scale: 2 } }] }
    }),
  }
}

async function measure(model: Model, point: Point): Promise<Record<string, number>> {
  const base = baseOf(point)
  const sweep = async () => {
    const prepared = await prepareSweep(model, { bases: [base], gflops: 200 })
    try {
      for await (const _ of prepared.run());
      return prepared.plan
    } finally {
      prepared.dispose()
    }
  }
  let seconds = Number.POSITIVE_INFINITY
  for (let i = 0; i < TIMES; i++) {
    const begin = performance.now()
    await sweep()
    seconds = Math.min(seconds, (performance.now() - begin) / 1000)
  }
  let gflop = 0
  let planned = 0
  const { peakBytes } = await tf.profile(async () => {
    const plan = await sweep()
    gflop = plan.flops / 1e9
    planned = plan.peakBytes / 1e6
    return []
  })
  return { gflop, seconds, rate: gflop / seconds, planned, held: peakBytes / 1e6 }
}
