/**
 * Metrics of a next-token distribution, reduced inside the engine: logits of a whole vocabulary
 * never leave it. A set of tokens counts as one answer, whose probability is the sum of theirs.
 */
import * as tf from '@tensorflow/tfjs-core'
import type { Backend } from '../engine/backends/types.ts'
import { internalError, ShapeError } from '../engine/errors.ts'

export type Metric =
  /** Mean logit of the tokens. */
  | { readonly kind: 'logit'; readonly tokens: readonly number[] }
  /** ln of the tokens' summed probability, in nats. */
  | { readonly kind: 'log_prob'; readonly tokens: readonly number[] }
  | { readonly kind: 'prob'; readonly tokens: readonly number[] }
  /** Mean logit of `tokens` minus mean logit of `against`. */
  | { readonly kind: 'logit_diff'; readonly tokens: readonly number[]; readonly against: readonly number[] }
  /** KL(reference ‖ this), in nats; `reference` holds log-probabilities over the vocabulary. */
  | { readonly kind: 'kl'; readonly reference: Float32Array }
  /** How many tokens have a larger logit than this one: 0 is the top. */
  | { readonly kind: 'rank'; readonly token: number }
  /** Id of the token with the largest logit (the lowest id on a tie). */
  | { readonly kind: 'top1' }

/** Whether a metric needs only the logits of a few tokens, not the whole vocabulary's. */
export function needsOnly(metric: Metric): readonly number[] | null {
  if (metric.kind === 'logit') return metric.tokens
  if (metric.kind === 'logit_diff') return [...metric.tokens, ...metric.against]
  return null
}

/** @throws ShapeError for a token id outside the vocabulary, or an empty set */
export function checkMetric(metric: Metric, vocab: number): void {
  const check = (ids: readonly number[]): void => {
    if (ids.length === 0) throw new ShapeError(`metric ${metric.kind}: expected at least one token, got none`)
    for (const id of ids)
      if (!Number.isInteger(id) || id < 0 || id >= vocab)
        throw new ShapeError(`metric ${metric.kind}: expected a token id from 0 to ${vocab - 1}, got ${id}`)
  }
  if ('tokens' in metric) check(metric.tokens)
  if (metric.kind === 'logit_diff') check(metric.against)
  if (metric.kind === 'rank') check([metric.token])
  if (metric.kind === 'kl' && metric.reference.length !== vocab)
    throw new ShapeError(`metric kl: expected ${vocab} log-probabilities, got ${metric.reference.length}`)
}

/** The largest logit of each row, and ln Σ exp of the row. */
interface RowSums {
  /** Id of the token with the largest logit, the lowest on a tie; NaN where a logit is NaN. */
  readonly top: Float64Array
  /** ln Σ exp; NaN where a logit is NaN. */
  readonly logSum: Float64Array
}

/** The top token of each row: logits [rows, vocab]. */
function topOfRows(values: Float32Array, rows: number, vocab: number): Float64Array {
  const top = new Float64Array(rows)
  for (let row = 0; row < rows; row++) {
    const first = row * vocab
    let best = first
    let max = values[first] ?? Number.NaN
    let clean = !Number.isNaN(max)
    for (let i = first; i < first + vocab; i++) {
      const logit = values[i] ?? Number.NaN
      if (logit <= max) continue
      if (logit > max) {
        max = logit
        best = i
      } else clean = false
    }
    top[row] = clean ? best - first : Number.NaN
  }
  return top
}

/**
 * ln Σ exp of each row, from the softmax of its top token: tfjs's softmax kernel is vectorised and
 * its exponential is not. softmax(top) = exp(top − ln Σ exp) is never small enough to lose digits.
 */
export function rowSums(backend: Backend, logits: tf.Tensor2D): RowSums {
  const [rows, vocab] = logits.shape
  const top = topOfRows(backend.view(logits), rows, vocab)
  const at = (values: Float32Array) => Float64Array.from(top, (token, row) => values[row * vocab + token] ?? Number.NaN)
  const highest = at(backend.view(logits))
  const softmax = tf.softmax(logits)
  const shares = at(backend.view(softmax))
  softmax.dispose()
  return { top, logSum: highest.map((logit, row) => logit - Math.log(shares[row] ?? Number.NaN)) }
}

/**
 * Values of each metric at each row: logits [rows, vocab] → `rows` arrays of `metrics.length` numbers.
 */
export function measure(backend: Backend, logits: tf.Tensor2D, metrics: readonly Metric[]): Float64Array[] {
  const [rows, vocab] = logits.shape
  const sets = metrics.map(distinct)
  const needsSum = sets.some(({ kind }) => kind === 'log_prob' || kind === 'prob' || kind === 'kl')
  const needsTop = sets.some(({ kind }) => kind === 'top1')
  const sums = needsSum
    ? rowSums(backend, logits)
    : { top: needsTop ? topOfRows(backend.view(logits), rows, vocab) : null, logSum: null }
  const values = backend.view(logits)
  return Array.from({ length: rows }, (_, row) => {
    const own = values.subarray(row * vocab, (row + 1) * vocab)
    const known = { top: sums.top?.[row] ?? Number.NaN, logSum: sums.logSum?.[row] ?? Number.NaN }
    return Float64Array.from(sets, metric => metricValue(metric, own, known))
  })
}

/**
 * The same from the logits of some tokens only, for metrics that need no more.
 * @param tokens which token each column is
 */
export function measureColumns(
  backend: Backend,
  columns: tf.Tensor2D, // [rows, tokens]
  tokens: readonly number[],
  metrics: readonly Metric[],
): Float64Array[] {
  const [rows, width] = columns.shape
  const values = backend.view(columns)
  const columnOf = new Map(tokens.map((token, i) => [token, i]))
  const at = (token: number): number => {
    const column = columnOf.get(token)
    if (column === undefined) throw internalError(`no logit of token ${token}`)
    return column
  }
  const moved = metrics.map(distinct).map((metric): Metric => {
    if (metric.kind === 'logit') return { ...metric, tokens: metric.tokens.map(at) }
    if (metric.kind === 'logit_diff')
      return { ...metric, tokens: metric.tokens.map(at), against: metric.against.map(at) }
    throw internalError(`metric ${metric.kind} needs the whole vocabulary`)
  })
  return Array.from({ length: rows }, (_, row) => {
    const own = values.subarray(row * width, (row + 1) * width)
    return Float64Array.from(moved, metric => metricValue(metric, own, UNKNOWN))
  })
}

/** The metric with each token once: a token that is written two ways does not count twice. */
function distinct(metric: Metric): Metric {
  if (!('tokens' in metric)) return metric
  const tokens = [...new Set(metric.tokens)]
  return metric.kind === 'logit_diff'
    ? { ...metric, tokens, against: [...new Set(metric.against)] }
    : { ...metric, tokens }
}

/** What metrics of few tokens never read. */
const UNKNOWN = { top: Number.NaN, logSum: Number.NaN }

/** One metric of one row; NaN where a logit that it reads is NaN. */
function metricValue(metric: Metric, logits: Float32Array, { top, logSum }: typeof UNKNOWN): number {
  switch (metric.kind) {
    case 'logit':
      return meanAt(logits, metric.tokens)
    case 'logit_diff':
      return meanAt(logits, metric.tokens) - meanAt(logits, metric.against)
    case 'prob':
      return Math.exp(logSumAt(logits, metric.tokens) - logSum)
    case 'log_prob':
      return logSumAt(logits, metric.tokens) - logSum
    case 'rank': {
      const own = logits[metric.token] ?? 0
      let above = 0
      for (let i = 0; i < logits.length; i++) {
        const logit = logits[i] ?? 0
        if (!(logit <= own)) above += logit > own ? 1 : Number.NaN
      }
      return above
    }
    case 'top1':
      return top
    case 'kl': {
      let total = 0
      for (let i = 0; i < logits.length; i++) {
        const reference = metric.reference[i] ?? 0
        const p = Math.exp(reference)
        if (p > 0) total += p * (reference - (logits[i] ?? 0) + logSum)
      }
      return total
    }
  }
}

function meanAt(logits: Float32Array, tokens: readonly number[]): number {
  return tokens.reduce((total, token) => total + (logits[token] ?? 0), 0) / tokens.length
}

/** ln Σ exp over some tokens. */
function logSumAt(logits: Float32Array, tokens: readonly number[]): number {
  const own = tokens.map(token => logits[token] ?? 0)
  const max = Math.max(...own)
  return max + Math.log(own.reduce((total, logit) => total + Math.exp(logit - max), 0))
}

export interface RankedToken {
  readonly id: number
  readonly logit: number
  readonly logProb: number
}

/** The `count` tokens with the largest logits, largest first: logits [1, vocab]. */
export function topTokens(backend: Backend, logits: tf.Tensor2D, count: number): RankedToken[] {
  const sum = rowSums(backend, logits).logSum[0] ?? Number.NaN
  const values = Float32Array.from(backend.view(logits))
  const order = Array.from(values.keys()).sort((a, b) => (values[b] ?? 0) - (values[a] ?? 0) || a - b)
  return order.slice(0, count).map(id => {
    const logit = values[id] ?? 0
    return { id, logit, logProb: logit - sum }
  })
}
