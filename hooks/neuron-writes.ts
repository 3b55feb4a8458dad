/**
 * What a neuron writes, read through the unembedding: its row of W_out, scaled as the model's last
 * norm scales the stream, times the unembedding. That is its direct effect on the logits for each
 * unit of activation; what later layers make of it is left out.
 */
import { tensor2d } from '@tensorflow/tfjs-core'
import { internalError } from '../engine/errors.ts'
import type { Model } from '../engine/model.ts'
import type { NormSpec } from '../engine/spec.ts'
import type { NormWeights } from '../engine/weights.ts'

export interface NeuronAddress {
  readonly layer: number
  readonly neuron: number
  /** In a mixture of experts. */
  readonly expert?: number
}

/** What the norms on the neuron's way divided by, at one position of one run. */
export interface NormScales {
  readonly final: number
  /** The norm on what the MLP adds, where the model has one. */
  readonly mlpOut: number | null
}

/** Row of W_out of one neuron: [d_model]. */
export async function outputWeights(model: Model, { layer, neuron, expert }: NeuronAddress): Promise<Float32Array> {
  const pending = model.weights.layer(layer)
  const { mlp, experts } = pending instanceof Promise ? await pending : pending
  const part = expert === undefined ? mlp : experts[expert]
  if (part === null || part === undefined) throw internalError(`no such MLP in layer ${layer}`)
  const { data, inSize, outSize, transposed } = part.down.weight
  return Float32Array.from({ length: outSize }, (_, feature) => {
    const at = transposed ? neuron * outSize + feature : feature * inSize + neuron
    return data[at] ?? Number.NaN
  })
}

/**
 * Logits that one unit of the neuron's activation adds, less their mean over the vocabulary, which
 * changes no probability: [vocab]. A soft-cap on logits and the unembedding's bias are left out.
 */
export async function neuronLogits(model: Model, neuron: NeuronAddress, scales: NormScales): Promise<Float32Array> {
  const { spec, weights, backend } = model
  let direction = await outputWeights(model, neuron)
  if (scales.mlpOut !== null) {
    const pending = weights.layer(neuron.layer)
    const { ln2Post } = pending instanceof Promise ? await pending : pending
    if (ln2Post !== null) direction = throughNorm(direction, ln2Post, spec.norm, scales.mlpOut)
  }
  const read = throughNorm(direction, weights.finalNorm, spec.norm, scales.final)
  const logits = new Float32Array(spec.vocab)
  const input = tensor2d(read, [1, spec.dModel])
  try {
    let at = 0
    for (const part of weights.unembed.parts()) {
      const product = backend.linear(input, part)
      logits.set(backend.view(product), at)
      product.dispose()
      at += part.outSize
    }
  } finally {
    input.dispose()
  }
  const mean = logits.reduce((sum, logit) => sum + logit, 0) / logits.length
  return logits.map(logit => logit - mean)
}

/** A direction through a norm whose divisor stands still; the bias is no part of a direction. */
export function throughNorm(
  direction: Float32Array,
  { weight }: NormWeights,
  norm: NormSpec,
  scale: number,
): Float32Array {
  const mean =
    norm.kind === 'layer' ? direction.reduce((sum, value) => sum + value, 0) / Math.max(1, direction.length) : 0
  return direction.map((value, i) => ((value - mean) / scale) * ((weight[i] ?? 0) + norm.offset))
}
