/**
 * Metrics computed inside the engine: logits of a whole vocabulary never leave it, and need not be
 * held at once. They are read part after part of the vocabulary; what each row needs is gathered:
 * the logits of the tokens that a metric names, the largest one, ln Σ exp, the sum of a divergence.
 */
import * as tf from '@tensorflow/tfjs-core'
import type { Backend } from '../engine/backends/types.ts'
import { internalError } from '../engine/errors.ts'
import { reduceOnDevice } from './measure-on-device.ts'
import type { Metric } from './metric.ts'

/** Metrics of some rows, from their logits in consecutive parts of the vocabulary. */
export class RowMetrics {
  readonly #backend: Backend
  readonly #rows: number
  readonly #vocab: number
  readonly #metrics: readonly Metric[]
  /** Logits of the tokens that metrics name: one number a row. */
  readonly #named = new Map<number, Float64Array>()
  /** Of rank and KL, by metric: one number a row. */
  readonly #sums = new Map<Metric, Float64Array>()
  /** The probabilities that each divergence is from. */
  readonly #references = new Map<Metric, Float64Array>()
  readonly #best: RowSums | null
  #read = 0

  constructor(backend: Backend, rows: number, vocab: number, metrics: readonly Metric[]) {
    this.#backend = backend
    this.#rows = rows
    this.#vocab = vocab
    this.#metrics = metrics.map(distinct)
    for (const metric of this.#metrics) {
      for (const token of tokensOf(metric)) this.#named.set(token, new Float64Array(rows))
      if (metric.kind === 'rank' || metric.kind === 'kl') this.#sums.set(metric, new Float64Array(rows))
      if (metric.kind === 'kl') this.#references.set(metric, Float64Array.from(metric.reference, Math.exp))
    }
    const needsBest = this.#metrics.some(({ kind }) => kind !== 'logit' && kind !== 'logit_diff' && kind !== 'rank')
    this.#best = needsBest ? emptySums(rows) : null
  }

  /** The next part of the vocabulary: logits [rows, tokens], kept. */
  read(logits: tf.Tensor2D): void {
    const [rows, width] = logits.shape
    const first = this.#read
    if (rows !== this.#rows || first + width > this.#vocab)
      throw internalError(`logits of ${rows} × ${width} to measure`)
    if (!this.#backend.onHost) this.#readOnDevice(logits)
    else this.#readOnHost(logits)
    this.#read += width
  }

  /** Where logits lie on a device, they are reduced there: a few numbers a row come down. */
  #readOnDevice(logits: tf.Tensor2D): void {
    const first = this.#read
    const end = first + logits.shape[1]
    const named = [...this.#named].filter(([token]) => token >= first && token < end)
    const sums = [...this.#sums]
    const found = reduceOnDevice(this.#backend, logits, {
      needsSums: this.#best !== null,
      tokens: named.map(([token]) => token - first),
      references: sums.flatMap(([metric]) => (metric.kind === 'kl' ? [metric.reference.subarray(first, end)] : [])),
      above: sums.flatMap(([metric]) => (metric.kind === 'rank' ? [metric.token] : [])),
    })
    if (this.#best !== null) addSums(this.#best, found, first)
    for (const [i, [, own]] of named.entries()) own.set(found.logits[i] ?? [])
    const [divergences, above] = [found.divergences.values(), found.above.values()]
    for (const [metric, own] of sums) {
      const part = (metric.kind === 'kl' ? divergences : above).next().value ?? new Float64Array()
      for (let row = 0; row < own.length; row++) own[row] = (own[row] ?? 0) + (part[row] ?? Number.NaN)
    }
  }

  #readOnHost(logits: tf.Tensor2D): void {
    const [rows, width] = logits.shape
    const first = this.#read
    if (this.#best !== null) addSums(this.#best, rowSums(this.#backend, logits), first)
    if (this.#named.size + this.#sums.size > 0) {
      // After every op: a view lasts until the next.
      const values = this.#backend.view(logits)
      for (const [token, own] of this.#named)
        if (token >= first && token < first + width)
          for (let row = 0; row < rows; row++) own[row] = values[row * width + token - first] ?? Number.NaN
      for (const [metric, sums] of this.#sums)
        for (let row = 0; row < rows; row++) {
          const part = values.subarray(row * width, (row + 1) * width)
          sums[row] = (sums[row] ?? 0) + this.#sumOf(metric, part, first)
        }
    }
  }

  #sumOf(metric: Metric, logits: Float32Array, first: number): number {
    if (metric.kind === 'kl') {
      const p = this.#references.get(metric)?.subarray(first) ?? new Float64Array()
      return divergenceOf(p, metric.reference.subarray(first), logits)
    }
    if (metric.kind !== 'rank') throw internalError(`metric ${metric.kind} has no sum`)
    if (logits.length !== this.#vocab) throw internalError('a rank from a part of the vocabulary')
    return larger(logits, logits[metric.token] ?? Number.NaN)
  }

  /** `metrics.length` numbers for each row, once every part was read. NaN where a logit that it reads is NaN. */
  values(): Float64Array[] {
    if (this.#read !== this.#vocab) throw internalError(`measured ${this.#read} of ${this.#vocab} tokens`)
    return Array.from({ length: this.#rows }, (_, row) =>
      Float64Array.from(this.#metrics, metric => this.#valueOf(metric, row)),
    )
  }

  #valueOf(metric: Metric, row: number): number {
    const logits = (tokens: readonly number[]) => tokens.map(token => this.#named.get(token)?.[row] ?? Number.NaN)
    const logSum = this.#best?.logSum[row] ?? Number.NaN
    switch (metric.kind) {
      case 'logit':
        return mean(logits(metric.tokens))
      case 'logit_diff':
        return mean(logits(metric.tokens)) - mean(logits(metric.against))
      case 'prob':
        return Math.exp(logSumOf(logits(metric.tokens)) - logSum)
      case 'log_prob':
        return logSumOf(logits(metric.tokens)) - logSum
      case 'top1':
        return this.#best?.top[row] ?? Number.NaN
      case 'rank':
        return this.#sums.get(metric)?.[row] ?? Number.NaN
      case 'kl': {
        // Σ p · (ln p − logit) so far; ln Σ exp joins with the weight of all that was summed.
        const weight = this.#references.get(metric)?.reduce((total, p) => total + p, 0) ?? Number.NaN
        return (this.#sums.get(metric)?.[row] ?? Number.NaN) + weight * logSum
      }
    }
  }
}

/**
 * Values of each metric at each row: logits [rows, vocab], kept → `rows` arrays of `metrics.length` numbers.
 */
export function measure(backend: Backend, logits: tf.Tensor2D, metrics: readonly Metric[]): Float64Array[] {
  const [rows, vocab] = logits.shape
  const reader = new RowMetrics(backend, rows, vocab, metrics)
  reader.read(logits)
  return reader.values()
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
  const columnOf = new Map(tokens.map((token, i) => [token, i]))
  const at = (token: number): number => {
    const column = columnOf.get(token)
    if (column === undefined) throw internalError(`no logit of token ${token}`)
    return column
  }
  const moved = metrics.map((metric): Metric => {
    if (metric.kind === 'logit') return { ...metric, tokens: metric.tokens.map(at) }
    if (metric.kind === 'logit_diff')
      return { ...metric, tokens: metric.tokens.map(at), against: metric.against.map(at) }
    throw internalError(`metric ${metric.kind} needs the whole vocabulary`)
  })
  return measure(backend, columns, moved)
}

/** The metric with each token once: a token that is written two ways does not count twice. */
function distinct(metric: Metric): Metric {
  if (!('tokens' in metric)) return { ...metric }
  const tokens = [...new Set(metric.tokens)]
  return metric.kind === 'logit_diff'
    ? { ...metric, tokens, against: [...new Set(metric.against)] }
    : { ...metric, tokens }
}

/** Tokens whose logits a metric reads by name. */
function tokensOf(metric: Metric): readonly number[] {
  if (!('tokens' in metric)) return []
  return metric.kind === 'logit_diff' ? [...metric.tokens, ...metric.against] : metric.tokens
}

/** Of each row. */
interface RowSums {
  /** The largest logit; NaN where one is NaN. */
  readonly highest: Float64Array
  /** Id of the token with the largest logit, the lowest on a tie; NaN where a logit is NaN. */
  readonly top: Float64Array
  /** ln Σ exp; NaN where a logit is NaN. */
  readonly logSum: Float64Array
}

/** Of no logits at all. */
function emptySums(rows: number): RowSums {
  const lowest = () => new Float64Array(rows).fill(Number.NEGATIVE_INFINITY)
  return { highest: lowest(), top: new Float64Array(rows), logSum: lowest() }
}

/** Joins what a later part of the vocabulary, from token `first` on, says. */
function addSums(all: RowSums, part: RowSums, first: number): void {
  for (let row = 0; row < all.top.length; row++) {
    const [old, next] = [all.highest[row] ?? 0, part.highest[row] ?? 0]
    // NaN stays, and replaces: it is smaller than nothing.
    if (!Number.isNaN(old) && !(next <= old)) {
      all.highest[row] = next
      all.top[row] = (part.top[row] ?? 0) + first
    }
    all.logSum[row] = logSumOf([all.logSum[row] ?? 0, part.logSum[row] ?? 0])
  }
}

/**
 * ln Σ exp of each row, from the softmax of its top token: tfjs's softmax kernel is vectorised and
 * its exponential is not. softmax(top) = exp(top − ln Σ exp) is never small enough to lose digits,
 * and NaN where any logit is NaN.
 */
export function rowSums(backend: Backend, logits: tf.Tensor2D): RowSums {
  const width = logits.shape[1]
  const [top, softmax] = tf.tidy(() => [tf.argMax(logits, 1), softmaxOf(backend, logits)] as const)
  try {
    const tokens = Float64Array.from(top.dataSync())
    const at = (x: tf.Tensor2D): Float64Array => {
      const values = backend.view(x)
      return tokens.map((token, row) => values[row * width + token] ?? Number.NaN)
    }
    const [shares, highest] = [at(softmax), at(logits)]
    const known = (values: Float64Array) => values.map((x, row) => (Number.isNaN(shares[row]) ? Number.NaN : x))
    return {
      highest: known(highest),
      top: known(tokens),
      logSum: highest.map((logit, row) => logit - Math.log(shares[row] ?? Number.NaN)),
    }
  } finally {
    tf.dispose([top, softmax])
  }
}

/** A native softmax need not show a NaN in all of its row, but a sum of the row does. */
function softmaxOf({ native, windows, edit, view }: Backend, logits: tf.Tensor2D): tf.Tensor2D {
  if (native === null || windows === null) return tf.softmax(logits)
  const [rows, width] = logits.shape
  const softmax = native.softmax(tf.clone(logits))
  const sums = new Float32Array(rows)
  windows.multiply({
    m: rows,
    n: 1,
    k: width,
    a: { values: view(softmax), stride: width },
    b: { values: new Float32Array(width).fill(1), stride: 1 },
    transposeB: false,
    c: { values: sums, stride: 1 },
  })
  if (!sums.some(Number.isNaN)) return softmax
  return edit(softmax, values => {
    for (const [row, sum] of sums.entries())
      if (Number.isNaN(sum)) values.fill(Number.NaN, row * width, (row + 1) * width)
  })
}

/** How many logits are larger; NaN where one is NaN. */
function larger(logits: Float32Array, own: number): number {
  let above = 0
  for (const logit of logits) if (!(logit <= own)) above += logit > own ? 1 : Number.NaN
  return above
}

/** Σ p · (ln p − logit) over the logits; what never happens adds nothing. */
function divergenceOf(p: Float64Array, logP: Float32Array, logits: Float32Array): number {
  let total = 0
  for (let i = 0; i < logits.length; i++) {
    const own = p[i] ?? 0
    if (own > 0) total += own * ((logP[i] ?? 0) - (logits[i] ?? 0))
  }
  return total
}

function mean(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0) / values.length
}

/** ln Σ exp of a few numbers. */
function logSumOf(values: readonly number[]): number {
  const max = Math.max(...values)
  if (max === Number.NEGATIVE_INFINITY) return max
  return max + Math.log(values.reduce((total, value) => total + Math.exp(value - max), 0))
}
