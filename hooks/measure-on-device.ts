/**
 * What metrics need of logits that lie on a device: reduced there, so that a few numbers a row are
 * read, not the vocabulary. The formulas are `measure.ts`'s, term for term, in float32.
 */
import * as tf from '@tensorflow/tfjs-core'
import type { Backend } from '../engine/backends/types.ts'

/** Tokens are columns of the logits that are asked about. */
export interface DeviceQuestion {
  /** Whether `highest`, `top` and `logSum` are needed. */
  readonly needsSums: boolean
  /** Whose logits to give. */
  readonly tokens: readonly number[]
  /** Log-probabilities, one a column, to sum p · (ln p − logit) over. */
  readonly references: readonly Float32Array[]
  /** Tokens above whose logit to count. */
  readonly above: readonly number[]
}

/** Each array holds one number a row; NaN where it rests on a logit that is. */
export interface DeviceAnswer {
  readonly highest: Float64Array
  /** Column of the largest logit, the lowest on a tie. */
  readonly top: Float64Array
  /** ln Σ exp */
  readonly logSum: Float64Array
  readonly logits: readonly Float64Array[]
  readonly divergences: readonly Float64Array[]
  readonly above: readonly Float64Array[]
}

/** @param logits [rows, columns], kept */
export function reduceOnDevice(
  backend: Backend,
  logits: tf.Tensor2D,
  { needsSums, tokens, references, above }: DeviceQuestion,
): DeviceAnswer {
  const [rows, columns] = logits.shape
  const found: Float64Array[] = []
  tf.tidy(() => {
    const one = (column: number): tf.Tensor2D => tf.slice(logits, [0, column], [rows, 1])
    const count = (truth: tf.Tensor): tf.Tensor => tf.sum(tf.cast(truth, 'float32'), 1, true)
    const parts: tf.Tensor[] = [
      count(tf.isNaN(logits)),
      ...(needsSums ? sumsOf(logits, columns) : []),
      ...tokens.map(one),
      ...references.map(reference => divergence(reference, logits)),
      ...above.map(token => count(tf.greater(logits, one(token)))),
    ]
    const values = backend.view(tf.concat(parts, 1))
    for (const part of parts.keys())
      found.push(Float64Array.from({ length: rows }, (_, row) => values[row * parts.length + part] ?? Number.NaN))
  })
  const [nans = new Float64Array(), ...rest] = found
  const known = (values: Float64Array = new Float64Array()): Float64Array =>
    values.map((x, row) => ((nans[row] ?? 0) > 0 ? Number.NaN : x))
  const [highest, top, share] = needsSums ? rest.splice(0, 3).map(known) : []
  return {
    highest: known(highest),
    top: known(top),
    logSum: known(highest?.map((logit, row) => logit - Math.log(share?.[row] ?? Number.NaN))),
    logits: rest.splice(0, tokens.length),
    divergences: rest.splice(0, references.length).map(known),
    above: rest.map(known),
  }
}

/** The largest logit, its column, and its softmax, which is never small enough to lose digits: [rows, 1] each. */
function sumsOf(logits: tf.Tensor2D, columns: number): tf.Tensor[] {
  const highest = tf.max(logits, 1, true)
  return [
    highest,
    // Kernels of argMax differ in what they give on a tie.
    tf.min(tf.where(tf.equal(logits, highest), tf.range(0, columns), columns), 1, true),
    tf.max(tf.softmax(logits), 1, true),
  ]
}

/** Σ p · (ln p − logit) of each row: [rows, 1]; what the reference rules out adds nothing. */
function divergence(reference: Float32Array, logits: tf.Tensor2D): tf.Tensor {
  const ln = tf.tensor2d(reference, [1, reference.length])
  const p = tf.tensor2d(reference.map(Math.exp), [1, reference.length])
  const terms = tf.mul(p, tf.sub(ln, logits))
  return tf.sum(tf.where(tf.greater(p, 0), terms, tf.zerosLike(terms)), 1, true)
}
