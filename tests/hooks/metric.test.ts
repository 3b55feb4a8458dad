/**
 * Metrics against their definitions computed in float64.
 *
 * Tolerance: ln Σ exp is summed in float32 in tfjs, which loses some 3e-6 of the sum; 1e-5 nats holds it.
 */
import * as tf from '@tensorflow/tfjs-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { selectBackend } from '../../engine/backends/select.ts'
import type { Backend } from '../../engine/backends/types.ts'
import { ShapeError } from '../../engine/errors.ts'
import type { Model } from '../../engine/model.ts'
import { runWithHooks } from '../../hooks/hooked.ts'
import { measure, measureColumns, RowMetrics } from '../../hooks/measure.ts'
import { checkMetric, type Metric, needsOnly } from '../../hooks/metric.ts'
import { topTokens } from '../../hooks/top-tokens.ts'
import { expectClose } from '../support/close.ts'
import { openFixture, promptOf, usableBackends } from '../support/models.ts'
import { randomValues } from '../support/random.ts'
import { expectNoTensorLeaks } from '../support/tensors.ts'

/** Large enough that native operations compute it. */
const VOCAB = 9001
const ROWS = 4
const CLOSE = { atol: 1e-5, rtol: 1e-5 }

/** Logits of a trained model's size: most near 0, a few large. */
const logits = randomValues(ROWS * VOCAB, 1).map((x, i) => x * (i % 97 === 0 ? 30 : 3))
const rowOf = (row: number): Float64Array => Float64Array.from(logits.subarray(row * VOCAB, (row + 1) * VOCAB))

/** What a function gives, its tensors freed; `tf.tidy` itself types only tensors. */
function tidied<T>(compute: () => T): T {
  const results: T[] = []
  tf.tidy(() => {
    results.push(compute())
  })
  const [result] = results
  if (result === undefined) throw new Error('no result')
  return result
}

function logProbs(row: Float64Array): Float64Array {
  const max = row.reduce((a, b) => Math.max(a, b))
  const sum = max + Math.log(row.reduce((total, x) => total + Math.exp(x - max), 0))
  return row.map(x => x - sum)
}

describe.each(await usableBackends({ software: true }))('metrics on %s', name => {
  let backend: Backend
  beforeAll(async () => {
    backend = await selectBackend(name)
  })
  expectNoTensorLeaks()

  const values = (metrics: Metric[], from = logits): Float64Array[] =>
    tidied(() => measure(backend, tf.tensor2d(from, [from.length / VOCAB, VOCAB]), metrics))

  it('[M1] logit and logit_diff are means over their tokens', () => {
    const found = values([
      { kind: 'logit', tokens: [5] },
      { kind: 'logit', tokens: [5, 9, 200] },
      { kind: 'logit_diff', tokens: [5, 9], against: [7, 200, 3000] },
    ])
    for (let row = 0; row < ROWS; row++) {
      const own = rowOf(row)
      const mean = (...tokens: number[]) => tokens.reduce((sum, token) => sum + (own[token] ?? 0), 0) / tokens.length
      expectClose(found[row] ?? [], [mean(5), mean(5, 9, 200), mean(5, 9) - mean(7, 200, 3000)], { atol: 1e-12 })
    }
  })

  it('[M2] prob sums its set, log_prob is its logarithm, and a token counts once', () => {
    const found = values([
      { kind: 'prob', tokens: [97] },
      { kind: 'prob', tokens: [97, 4, 8] },
      { kind: 'prob', tokens: [4, 97, 4, 8, 97] },
      { kind: 'log_prob', tokens: [97, 4, 8] },
      { kind: 'log_prob', tokens: [8, 8] },
      { kind: 'logit', tokens: [97, 97, 97, 4] },
      { kind: 'logit_diff', tokens: [4, 4], against: [8, 8, 97] },
    ])
    for (let row = 0; row < ROWS; row++) {
      const own = rowOf(row)
      const p = (token: number) => Math.exp(logProbs(own)[token] ?? 0)
      const three = p(97) + p(4) + p(8)
      const [a = 0, b = 0, c = 0] = [own[97], own[4], own[8]]
      const expected = [p(97), three, three, Math.log(three), Math.log(p(8)), (a + b) / 2, b - (c + a) / 2]
      expectClose(found[row] ?? [], expected, CLOSE)
    }
  })

  it('[M3] kl is that of the definition, and 0 for the reference itself', () => {
    const reference = Float32Array.from(logProbs(rowOf(0)))
    const found = values([{ kind: 'kl', reference }])
    expectClose(found[0] ?? [], [0], { atol: 1e-5 })
    for (let row = 1; row < ROWS; row++) {
      const other = logProbs(rowOf(row))
      const expected = logProbs(rowOf(0)).reduce((sum, lp, i) => sum + Math.exp(lp) * (lp - (other[i] ?? 0)), 0)
      expectClose(found[row] ?? [], [expected], CLOSE)
    }
    // What never happens in the reference adds nothing: 0 · ln 0 is 0.
    const certain = new Float32Array(VOCAB).fill(Number.NEGATIVE_INFINITY)
    certain[7] = 0
    expectClose(values([{ kind: 'kl', reference: certain }])[1] ?? [], [-(logProbs(rowOf(1))[7] ?? 0)], CLOSE)
  })

  it('[M4] rank counts the larger ones; top1 is the largest, the lowest id on a tie', () => {
    const tied = new Float32Array(VOCAB).fill(-1)
    tied[3] = 2
    tied[9] = 2
    tied[12] = 5
    tied[2000] = 5
    const metrics: Metric[] = [
      { kind: 'top1' },
      ...[12, 2000, 3, 9, 0].map((token): Metric => ({ kind: 'rank', token })),
    ]
    expect(Array.from(values(metrics, tied)[0] ?? [])).toEqual([12, 0, 0, 2, 2, 4])
    for (let row = 0; row < ROWS; row++) {
      const own = rowOf(row)
      const best = own.indexOf(own.reduce((a, b) => Math.max(a, b)))
      const found = values([{ kind: 'top1' }, { kind: 'rank', token: best }, { kind: 'rank', token: 44 }])[row]
      expect(Array.from(found ?? [])).toEqual([best, 0, own.filter(x => x > (own[44] ?? 0)).length])
    }
  })

  it('[M5] a logit that is NaN is never a number', () => {
    const broken = logits.slice(0, VOCAB)
    broken[100] = Number.NaN
    const metrics: Metric[] = [
      { kind: 'top1' },
      { kind: 'rank', token: 5 },
      { kind: 'rank', token: 100 },
      { kind: 'prob', tokens: [5] },
      { kind: 'log_prob', tokens: [5] },
      { kind: 'kl', reference: Float32Array.from(logProbs(rowOf(0))) },
      { kind: 'logit', tokens: [5, 100] },
    ]
    expect(Array.from(values(metrics, broken)[0] ?? [])).toEqual(metrics.map(() => Number.NaN))
  })

  it('[M7] from the columns of a few tokens are what they are from all', () => {
    const metrics: Metric[] = [
      { kind: 'logit', tokens: [5, 9] },
      { kind: 'logit_diff', tokens: [2000, 2000], against: [9, 14] },
    ]
    const tokens = [...new Set(metrics.flatMap(metric => needsOnly(metric) ?? []))].reverse()
    const found = tidied(() => {
      const all = tf.tensor2d(logits, [ROWS, VOCAB])
      const columns: tf.Tensor2D = tf.gather(all, tf.tensor1d(tokens, 'int32'), 1)
      return measureColumns(backend, columns, tokens, metrics)
    })
    expect(found).toEqual(values(metrics))
    expect(needsOnly({ kind: 'prob', tokens: [1] })).toBeNull()
    expect(() =>
      tidied(() => measureColumns(backend, tf.zeros([1, 1]), [4], [{ kind: 'logit', tokens: [5] }])),
    ).toThrow('internal: no logit of token 5')
  })

  it('[M8] from parts of the vocabulary metrics are what they are from the whole', () => {
    const reference = Float32Array.from(logProbs(rowOf(2)))
    const metrics: Metric[] = [
      { kind: 'logit', tokens: [5, 2999] },
      { kind: 'logit_diff', tokens: [0], against: [1000, 999] },
      { kind: 'prob', tokens: [97, 2910] },
      { kind: 'log_prob', tokens: [1500] },
      { kind: 'kl', reference },
      { kind: 'top1' },
    ]
    // The same largest logit in two parts: the first counts. A NaN in one part is one everywhere.
    const some = logits.slice()
    some[VOCAB + 40] = 50
    some[VOCAB + 2000] = 50
    some[3 * VOCAB + 1200] = Number.NaN
    const inParts = tidied(() => {
      const reader = new RowMetrics(backend, ROWS, VOCAB, metrics)
      for (let first = 0; first < VOCAB; first += 1000)
        reader.read(tf.slice(tf.tensor2d(some, [ROWS, VOCAB]), [0, first], [ROWS, Math.min(1000, VOCAB - first)]))
      return reader.values()
    })
    const whole = values(metrics, some)
    for (let row = 0; row < ROWS; row++) expectClose(inParts[row] ?? [], whole[row] ?? [], CLOSE)
    expect(inParts[1]?.[5]).toBe(40)
    expect(Array.from(inParts[3]?.slice(2) ?? [])).toEqual([Number.NaN, Number.NaN, Number.NaN, Number.NaN])
  })

  it('topTokens are the largest in order, with their log-probabilities', () => {
    const top = topTokens(logits.slice(0, VOCAB), 5)
    const own = rowOf(0)
    const order = Array.from(own.keys()).sort((a, b) => (own[b] ?? 0) - (own[a] ?? 0))
    expect(top.map(({ id }) => id)).toEqual(order.slice(0, 5))
    expectClose(
      top.map(({ logProb }) => logProb),
      order.slice(0, 5).map(id => logProbs(own)[id] ?? 0),
      CLOSE,
    )
  })
})

describe('in a run', () => {
  let model: Model
  beforeAll(async () => {
    model = await openFixture('llama-gqa-tied')
  })
  afterAll(() => model.dispose())
  expectNoTensorLeaks()

  it('[M1] [C5] are measured at each run’s own position', async () => {
    const prompts = [promptOf(model, 4, 1), promptOf(model, 7, 2)]
    const metrics: Metric[] = [{ kind: 'logit', tokens: [3] }, { kind: 'top1' }]
    for (const position of [undefined, -2, 0]) {
      const outputs = await runWithHooks(
        model,
        prompts.map(ids => ({ ids })),
        { metrics, logits: 'all', ...(position === undefined ? {} : { metricPosition: position }) },
      )
      for (const { values, logits: rows } of outputs) {
        const row = rows.at(position ?? -1) ?? new Float32Array()
        expect(Array.from(values)).toEqual([row[3], row.indexOf(Math.max(...row))])
      }
    }
  })

  it('[I12] [M5] a change that makes no numbers gives metrics that are NaN', async () => {
    const run = { ids: [1, 2, 3], interventions: [{ at: 'ln1_scale@L0', position: 1, set: { zero: true } }] as const }
    const metrics: Metric[] = [{ kind: 'top1' }, { kind: 'rank', token: 1 }, { kind: 'log_prob', tokens: [1] }]
    const [output] = await runWithHooks(model, [{ ...run, interventions: [...run.interventions] }], { metrics })
    expect(Array.from(output?.values ?? [])).toEqual([Number.NaN, Number.NaN, Number.NaN])
  })

  it.each<[Metric, string]>([
    [{ kind: 'logit', tokens: [] }, 'metric logit: expected at least one token, got none'],
    [{ kind: 'prob', tokens: [1, 59] }, 'metric prob: expected a token id from 0 to 58, got 59'],
    [{ kind: 'log_prob', tokens: [-1] }, 'metric log_prob: expected a token id from 0 to 58, got -1'],
    [{ kind: 'logit_diff', tokens: [1], against: [] }, 'metric logit_diff: expected at least one token, got none'],
    [{ kind: 'rank', token: 1.5 }, 'metric rank: expected a token id from 0 to 58, got 1.5'],
    [{ kind: 'kl', reference: new Float32Array(3) }, 'metric kl: expected 59 log-probabilities, got 3'],
  ])('[M6] %j is an error', async (metric, message) => {
    expect(() => checkMetric(metric, 59)).toThrow(new ShapeError(message))
    await expect(runWithHooks(model, [{ ids: [1] }], { metrics: [metric] })).rejects.toThrow(message)
  })
})
