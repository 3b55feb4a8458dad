/**
 * The forward pass on a Llama-3.2-1B-shaped block stack, against the library's own rate for the
 * same products: plain calls, on arrays in host memory, of the same weights in the same order, in
 * turns with the passes. The share says what everything beside the products costs.
 */
import type { Tensor2D } from '@tensorflow/tfjs-core'
import * as tf from '@tensorflow/tfjs-core'
import { findBlas } from '../../engine/backends/libraries.ts'
import { selectBackend } from '../../engine/backends/select.ts'
import type { Backend, Weight } from '../../engine/backends/types.ts'
import { runLayers } from '../../engine/forward.ts'
import { batchOf, type Lane } from '../../engine/lanes.ts'
import { loadModel } from '../../engine/load.ts'
import type { Model } from '../../engine/model.ts'
import { randomValues } from '../support/random.ts'
import { usableBackends } from './backends.ts'
import { DEMO_DIR, llama1bSpec, matricesOf, randomLayer } from './llama-1b.ts'
import { type Bench, median, type Table } from './table.ts'

/** A quarter of the model's: 1 GB of weights, far more than any cache, and a fourth of the time. */
const LAYERS = 4
/** Lanes of one prompt each. */
const CASES = [
  { rows: 1, lanes: 1 },
  { rows: 16, lanes: 1 },
  { rows: 128, lanes: 1 },
  { rows: 1024, lanes: 1 },
  { rows: 1024, lanes: 64 },
] as const
const MIN_ROUNDS = 3
const MAX_ROUNDS = 30
const MIN_MS = 4_000
/** Where the round that warms up takes longer than this, it is the one that counts. */
const SLOW_MS = 10_000

export const forward: Bench = {
  name: 'forward',
  async run({ backend: only, progress }): Promise<Table[]> {
    const usable = await usableBackends(only)
    progress('making random weights')
    const spec = llama1bSpec(LAYERS)
    const layers = spec.layers.map((_, layer) => randomLayer(spec, layer))
    const matrices = layers.flatMap(matricesOf)
    const demo = await loadModel(DEMO_DIR, { backend: 'wasm' })
    const rows: Record<string, string | number>[] = []
    try {
      for (const { name } of usable) {
        const backend = await selectBackend(name)
        const weights = { ...demo.weights, layer: (layer: number) => layers[layer] ?? randomLayer(spec, layer) }
        const model: Model = { ...demo, spec, weights, backend }
        for (const { rows: count, lanes } of CASES) {
          progress(`${name}, ${count} rows in ${lanes} lanes`)
          rows.push({ backend: name, ...(await measure(model, matrices, count, lanes)) })
        }
        backend.dispose()
      }
    } finally {
      await demo.dispose()
    }
    return [
      {
        title: `Forward pass, ${LAYERS} layers of Llama-3.2-1B's shape, float32`,
        columns: [
          { key: 'backend', label: 'backend' },
          { key: 'rows', label: 'rows' },
          { key: 'lanes', label: 'lanes' },
          { key: 'passMs', label: 'pass, ms', digits: 1 },
          { key: 'passRate', label: 'pass, GFLOP/s', digits: 1 },
          { key: 'libraryRate', label: 'library, GFLOP/s', digits: 1 },
          { key: 'share', label: 'share', digits: 2 },
        ],
        rows,
        note:
          'Counted are the products with weights only (attention comes on top); medians of passes and of the ' +
          "library's plain calls of the same products, in turns.",
      },
    ]
  },
}

async function measure(model: Model, matrices: readonly Weight[], rows: number, lanes: number) {
  const lane: Lane = { start: 0, length: rows / lanes, prefix: null }
  const batch = batchOf(Array.from({ length: lanes }, () => lane))
  const values = randomValues(rows * model.spec.dModel, 1)
  const products = productsAlone(model.backend, matrices, rows)
  const pass = async () => {
    const stream = tf.tensor2d(values, [rows, model.spec.dModel])
    const begin = performance.now()
    const out = await runLayers(model, stream, batch)
    model.backend.view(out)
    const ms = performance.now() - begin
    out.dispose()
    return ms
  }
  const passMs: number[] = []
  const libraryMs: number[] = []
  let spentMs = 0
  for (let round = 0; round <= MAX_ROUNDS; round++) {
    const [one, other] = [await pass(), products.run()]
    const isWarmup = round === 0 && one + other < SLOW_MS
    if (isWarmup) continue
    passMs.push(one)
    libraryMs.push(other)
    spentMs += one + other
    if (spentMs > MIN_MS && (passMs.length >= MIN_ROUNDS || spentMs > SLOW_MS)) break
  }
  products.dispose()
  const flops = matrices.reduce((sum, { inSize, outSize }) => sum + 2 * rows * inSize * outSize, 0)
  const [passMedian, libraryMedian] = [median(passMs), median(libraryMs)]
  return {
    rows,
    lanes,
    passMs: passMedian,
    passRate: flops / (passMedian * 1e6),
    libraryRate: flops / (libraryMedian * 1e6),
    share: libraryMedian / passMedian,
  }
}

/** The weights' products and nothing else; `run` gives milliseconds. */
function productsAlone(backend: Backend, matrices: readonly Weight[], rows: number) {
  const widest = Math.max(...matrices.flatMap(({ inSize, outSize }) => [inSize, outSize]))
  if (backend.name === 'blas') {
    const { sgemm } = findBlas()
    const input = randomValues(rows * widest, 2)
    const output = new Float32Array(rows * widest)
    const run = () => {
      const begin = performance.now()
      for (const { inSize, outSize, data } of matrices) sgemm(true, rows, outSize, inSize, input, data, output)
      return performance.now() - begin
    }
    return { run, dispose: () => {} }
  }
  const inputs = new Map<number, Tensor2D>()
  for (const { inSize } of matrices) {
    if (!inputs.has(inSize)) inputs.set(inSize, tf.tensor2d(randomValues(rows * inSize, 2), [rows, inSize]))
  }
  const run = () => {
    const begin = performance.now()
    for (const weight of matrices) {
      const input = inputs.get(weight.inSize)
      if (input === undefined) continue
      const out = backend.linear(input, weight)
      backend.view(out)
      out.dispose()
    }
    return performance.now() - begin
  }
  return { run, dispose: () => tf.dispose([...inputs.values()]) }
}
