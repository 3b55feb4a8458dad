/**
 * How long a backend takes for one layer of a model's sizes, by running one: the same code on random
 * weights. What a rate of products leaves out is so measured too: the cost of every call, which
 * decides for small models, and of moving values out and back where tensors lie elsewhere.
 *
 * A layer of a large model would take seconds to make up and to run. Of that a smaller one is run,
 * and the products that it lacks are added at the rate of a large product.
 */
import * as tf from '@tensorflow/tfjs-core'
import { measureRate } from './backends/measure.ts'
import type { Backend } from './backends/types.ts'
import { RotaryTables, runLayer } from './forward.ts'
import { batchOf } from './lanes.ts'
import type { ModelSpec } from './spec.ts'
import { NO_TAP } from './tap.ts'
import type { LayerWeights, LinearWeights, NormWeights } from './weights.ts'

/** A slice of a sweep: eight lanes of sixteen positions. */
const LANES = 8
const LANE_LENGTH = 16
export const TRIAL_ROWS = LANES * LANE_LENGTH
/** Weights of the layer that is run: enough to keep a library busy, few enough for the slowest backend. */
const MAX_WEIGHTS = 2e6
/** The product whose rate stands for what the layer lacks. */
const RATE_SIZE = 1024

/** What decides how long a layer takes. */
export interface BlockSizes {
  readonly dModel: number
  readonly heads: number
  readonly kvHeads: number
  readonly dHead: number
  /** Neurons that a position uses: of experts, those of the chosen ones. */
  readonly dMlp: number
}

export function blockSizes({ dModel, heads, kvHeads, dHead, dMlp, experts }: ModelSpec): BlockSizes {
  return { dModel, heads, kvHeads, dHead, dMlp: experts === null ? dMlp : experts.perToken * experts.dExpert }
}

/** A layer to run again and again, on one backend after another. */
export class Trial {
  readonly #spec: ModelSpec
  readonly #layer: LayerWeights
  readonly #values: Float32Array
  readonly #batch = batchOf(Array.from({ length: LANES }, () => ({ start: 0, length: LANE_LENGTH, prefix: null })))
  /** Weights of the whole layer that the one which is run lacks. */
  readonly #lacking: number
  /** How many times as many weights the whole layer has. */
  readonly scale: number

  /** @param options.whole runs the layer as it is, however large */
  constructor(sizes: BlockSizes, { whole = false }: { readonly whole?: boolean } = {}) {
    const run = whole ? sizes : smaller(sizes)
    this.#lacking = weightsOf(sizes) - weightsOf(run)
    this.scale = weightsOf(sizes) / weightsOf(run)
    this.#spec = specOf(run)
    this.#layer = madeUpLayer(run)
    this.#values = madeUp(TRIAL_ROWS * run.dModel)
  }

  /** Milliseconds of one run of the layer; the backend must be the active one. */
  time(backend: Backend): number {
    const rotary = new RotaryTables(this.#batch.positions)
    const context = { spec: this.#spec, backend, batch: this.#batch, tap: NO_TAP, layer: 0 }
    const stream = tf.tensor2d(this.#values, [TRIAL_ROWS, this.#spec.dModel])
    const begin = performance.now()
    try {
      const out = runLayer(context, this.#layer, stream, rotary)
      // A device computes while we go on; reading waits for it.
      backend.view(out.stream)
      const ms = performance.now() - begin
      tf.dispose([out.stream, out.keys, out.values])
      return ms
    } finally {
      stream.dispose()
      rotary.dispose()
    }
  }

  /** Milliseconds for what the layer that is run lacks of the whole one. */
  rest(backend: Backend): number {
    if (this.#lacking === 0) return 0
    const gflops = measureRate(backend, { rows: TRIAL_ROWS, size: RATE_SIZE, minMs: 1 })
    return (2 * TRIAL_ROWS * this.#lacking) / (gflops * 1e6)
  }

  /** Makes a backend forget the layer. */
  release(backend: Backend): void {
    const { q, k, v, o, mlp } = this.#layer
    for (const linear of [q, k, v, o, mlp?.gate, mlp?.up, mlp?.down]) if (linear) backend.release(linear.weight)
  }
}

function weightsOf({ dModel, heads, kvHeads, dHead, dMlp }: BlockSizes): number {
  return dModel * (2 * heads * dHead + 2 * kvHeads * dHead + 3 * dMlp)
}

/** The same shape with fewer weights: every width by one factor, in whole heads. */
function smaller(sizes: BlockSizes): BlockSizes {
  const factor = Math.sqrt(MAX_WEIGHTS / weightsOf(sizes))
  if (factor >= 1) return sizes
  const { kvHeads, heads, dHead } = sizes
  const group = Math.max(1, Math.round(heads / kvHeads))
  const fewer = Math.max(1, Math.floor(kvHeads * factor))
  const scaled = (width: number) => Math.max(8, Math.floor((width * factor) / 8) * 8)
  return { dModel: scaled(sizes.dModel), heads: fewer * group, kvHeads: fewer, dHead, dMlp: scaled(sizes.dMlp) }
}

/** A plain block: what families do beside it costs every backend about the same. */
function specOf(sizes: BlockSizes): ModelSpec {
  const rotated = Math.floor(sizes.dHead / 2)
  const frequencies = Array.from({ length: rotated }, (_, i) => 10_000 ** (-i / rotated))
  const layer = { rotary: { frequencies, amplitude: 1 }, window: null, attentionScale: 0.1, sparse: false }
  return {
    family: 'trial',
    layers: [layer],
    ...sizes,
    vocab: 1,
    maxPositions: LANE_LENGTH,
    biases: { qkv: false, attentionOut: false, mlp: false },
    norm: { kind: 'rms', eps: 1e-5, offset: 0 },
    preNorm: true,
    postNorm: false,
    parallel: false,
    attentionSoftCap: null,
    qkNorm: 'none',
    gated: true,
    activation: 'silu',
    experts: null,
    embeddingScale: 1,
    learnedPositions: false,
    tiedEmbeddings: true,
    logitSoftCap: null,
  }
}

function madeUpLayer({ dModel, heads, kvHeads, dHead, dMlp }: BlockSizes): LayerWeights {
  const linear = (name: string, outSize: number, inSize: number): LinearWeights => ({
    weight: { name: `trial ${name}`, outSize, inSize, data: madeUp(outSize * inSize), transposed: false },
    bias: null,
  })
  const norm: NormWeights = { weight: new Float32Array(dModel).fill(1), bias: null }
  return {
    ln1: norm,
    ln2: norm,
    ln1Post: null,
    ln2Post: null,
    q: linear('q', heads * dHead, dModel),
    k: linear('k', kvHeads * dHead, dModel),
    v: linear('v', kvHeads * dHead, dModel),
    o: linear('o', dModel, heads * dHead),
    qNorm: null,
    kNorm: null,
    mlp: { gate: linear('gate', dMlp, dModel), up: linear('up', dMlp, dModel), down: linear('down', dModel, dMlp) },
    router: null,
    experts: [],
  }
}

/** Values of a trained matrix's size, distinct enough, none denormal. */
function madeUp(length: number): Float32Array {
  const values = new Float32Array(length)
  for (let i = 0; i < length; i++) values[i] = ((i % 251) - 125) / 4000
  return values
}
