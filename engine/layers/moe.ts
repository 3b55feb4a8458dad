/**
 * A mixture of experts: the router's softmax over all experts, the `perToken` most probable of them
 * at each position, and the sum of their outputs times their weights (Shazeer et al. 2017, as Mixtral,
 * Qwen3-MoE and OLMoE do it). An expert runs on the rows that chose it, and on no others.
 */
import * as tf from '@tensorflow/tfjs-core'
import { internalError, ShapeError } from '../errors.ts'
import { to2d, to3d } from '../reshape.ts'
import type { ExpertsSpec } from '../spec.ts'
import type { ExpertWeights, LayerWeights } from '../weights.ts'
import { fire, isWatched, type PassContext } from './context.ts'
import { linear } from './linear.ts'
import { type FireNeurons, neurons } from './neurons.ts'

const SITES = { pre: 'expert_pre', pre_linear: 'expert_pre_linear', post: 'expert_post' } as const
const PARTS = ['pre', 'pre_linear', 'post'] as const

/** x [rows, d_model], normed → what the experts add, [rows, d_model]. The caller tidies. */
export function mixture(context: PassContext, x: tf.Tensor2D, weights: LayerWeights): tf.Tensor2D {
  const spec = context.spec.experts
  if (spec === null || weights.router === null) throw internalError('a sparse layer without experts')
  const { perToken } = spec
  const [rows, dModel] = x.shape
  const logits = linear(context.backend, x, weights.router)
  const chosen = choose(context.backend.view(tf.softmax(logits)), rows, spec)
  const factors = fire(context, 'expert_weights', tf.tensor2d(chosen.weights, [rows, perToken]))
  const indices = firedIndices(context, chosen.indices, rows, spec)

  const outputs: tf.Tensor2D[] = []
  // Where the output of each row's j-th expert stands among all outputs.
  const places = new Int32Array(rows * perToken)
  let total = 0
  for (const [expert, own] of rowsOfExperts(indices, rows, spec).entries()) {
    const expertWeights = weights.experts[expert]
    if (expertWeights === undefined) throw internalError(`no weights for expert ${expert}`)
    const output = runExpert({ ...context, expert }, x, own, expertWeights, spec)
    if (output === null) continue
    const placeOf = new Map(own.map((row, i) => [row, total + i]))
    for (const row of own)
      for (let j = 0; j < perToken; j++)
        if (indices[row * perToken + j] === expert) places[row * perToken + j] = placeOf.get(row) ?? 0
    outputs.push(output)
    total += own.length
  }
  const each = to3d(tf.gather(tf.concat(outputs, 0), tf.tensor1d(places, 'int32')), [rows, perToken, dModel])
  return tf.sum<tf.Tensor2D>(tf.mul(each, to3d(factors, [rows, perToken, 1])), 1)
}

/**
 * The most probable experts of each row, largest first; the lower number on a tie.
 * @param probabilities [rows, experts]
 * @returns weights and indices, [rows, perToken] each
 */
function choose(
  probabilities: Float32Array,
  rows: number,
  { count, perToken, normalize }: ExpertsSpec,
): { readonly weights: Float32Array; readonly indices: Float32Array } {
  const weights = new Float32Array(rows * perToken)
  const indices = new Float32Array(rows * perToken)
  for (let row = 0; row < rows; row++) {
    const own = probabilities.subarray(row * count, (row + 1) * count)
    const order = Array.from(own.keys()).sort((a, b) => (own[b] ?? 0) - (own[a] ?? 0) || a - b)
    let sum = 0
    for (let j = 0; j < perToken; j++) sum += own[order[j] ?? 0] ?? 0
    for (let j = 0; j < perToken; j++) {
      const expert = order[j] ?? 0
      indices[row * perToken + j] = expert
      weights[row * perToken + j] = (own[expert] ?? 0) / (normalize ? sum : 1)
    }
  }
  return { weights, indices }
}

/**
 * Fires `hook_expert_indices`; what a hook sets there decides which experts run.
 * @throws ShapeError if a hook sets a number that is no expert's
 */
function firedIndices(context: PassContext, indices: Float32Array, rows: number, spec: ExpertsSpec): Float32Array {
  if (!isWatched(context, 'expert_indices')) return indices
  const fired = fire(context, 'expert_indices', tf.tensor2d(indices, [rows, spec.perToken]))
  const values = Float32Array.from(context.backend.view(fired))
  for (const value of values)
    if (!Number.isInteger(value) || value < 0 || value >= spec.count)
      throw new ShapeError(
        `blocks.${context.layer}.mlp.hook_expert_indices: expected experts from 0 to ${spec.count - 1}, got ${value}`,
      )
  return values
}

/** For each expert, the rows that chose it, each once. */
function rowsOfExperts(indices: Float32Array, rows: number, { count, perToken }: ExpertsSpec): number[][] {
  const result: number[][] = Array.from({ length: count }, () => [])
  for (let row = 0; row < rows; row++)
    for (const expert of new Set(indices.subarray(row * perToken, (row + 1) * perToken))) result[expert]?.push(row)
  return result
}

/**
 * One expert on the rows that chose it: [own rows, d_model], or null when no row did. Its hook points
 * show all rows, 0 where the expert is not chosen; what is set there has no effect.
 */
function runExpert(
  context: PassContext,
  x: tf.Tensor2D,
  own: readonly number[],
  weights: ExpertWeights,
  spec: ExpertsSpec,
): tf.Tensor2D | null {
  const [rows] = x.shape
  if (own.length === 0) {
    for (const site of PARTS.filter(part => part !== 'pre_linear' || weights.gate !== null).map(part => SITES[part]))
      if (isWatched(context, site)) fire(context, site, tf.zeros([rows, spec.dExpert]))
    return null
  }
  const ownRows = tf.tensor1d(Int32Array.from(own), 'int32')
  const fired: FireNeurons = (part, value) => {
    const site = SITES[part]
    if (!isWatched(context, site)) return value
    const places = new Int32Array(rows).fill(own.length)
    for (const [i, row] of own.entries()) places[row] = i
    const padded = tf.concat([value, tf.zeros<tf.Rank.R2>([1, spec.dExpert])], 0)
    const all = fire(context, site, to2d(tf.gather(padded, tf.tensor1d(places, 'int32')), [rows, spec.dExpert]))
    return context.tap.edits(site, context.layer, context.expert) ? tf.gather(all, ownRows) : value
  }
  return neurons(context, tf.gather(x, ownRows), weights, fired)
}
