/** One cell, run again: what was patched, and what the model said without and with it. */
import { tensor2d } from '@tensorflow/tfjs-core'
import { internalError } from '../../../engine/errors.ts'
import type { Model } from '../../../engine/model.ts'
import { runWithHooks } from '../../../hooks/hooked.ts'
import { measure } from '../../../hooks/measure.ts'
import type { Metric } from '../../../hooks/metric.ts'
import { logProbs } from '../../../hooks/top-tokens.ts'
import type { CellQuestion } from '../../study.ts'
import { compareTokens, finite } from '../top-tokens.ts'
import { numbersIn, touchedPlaces } from './places.ts'
import type { CellAddress, CellDetail, MetricReading } from './types.ts'
import { MAX_STRIP_TOKENS, tokenWindow } from './window.ts'

const TOP = 10
/** Interventions with more numbers than this are not shown: nobody reads them, and they are megabytes. */
const MAX_NUMBERS = 20_000

/** @throws HookPointError, ShapeError where a study names what the model does not have */
export async function cellDetail(
  model: Model,
  cell: CellAddress,
  question: CellQuestion,
  signal?: AbortSignal,
): Promise<CellDetail> {
  const { what, ids, interventions } = question
  const position = absolute(question)
  const places = touchedPlaces(model.spec, interventions, ids.length)
  const numbers = numbersIn(interventions)
  const [before, after] = await runWithHooks(model, [{ ids }, { ids, interventions }], {
    logits: [position],
    ...(signal === undefined ? {} : { signal }),
  })
  const [logitsBefore, logitsAfter] = [before?.logits[0], after?.logits[0]]
  if (logitsBefore === undefined || logitsAfter === undefined) throw internalError('a cell without logits')
  const top = compareTokens(logitsBefore, logitsAfter, TOP, model.tokenizer)
  const likeliest = top.find(token => token.before.rank === 0)
  const { answer = [], against = [] } = question
  const followed = answer.length > 0 ? 'answer' : 'top'
  return {
    ...cell,
    what,
    window: tokenWindow(model.tokenizer, ids, position, MAX_STRIP_TOKENS),
    position,
    places,
    interventions: numbers > MAX_NUMBERS ? null : interventions,
    numbers,
    layers: model.spec.layers.length,
    heads: model.spec.heads,
    followed,
    metrics: metricReadings(
      model,
      [logitsBefore, logitsAfter],
      followed === 'answer' ? answer : [likeliest?.id ?? 0],
      against,
    ),
    top,
  }
}

/** The compared position, from the prompt's beginning. */
export function absolute({ position, ids }: CellQuestion): number {
  return position < 0 ? position + ids.length : position
}

type Asked = Omit<MetricReading, 'before' | 'after'> & { readonly metric: Metric }

/** The metrics of hooks/metric.ts on two distributions: [vocab] each. */
function metricReadings(
  model: Model,
  [before, after]: readonly [Float32Array, Float32Array],
  answer: readonly number[],
  against: readonly number[],
): MetricReading[] {
  const asked: Asked[] = [
    ...ofTokens(model, answer),
    ...(against.length === 0 ? [] : ofTokens(model, against)),
    ...(against.length === 0
      ? []
      : [
          {
            metric: { kind: 'logit_diff', tokens: answer, against } as const,
            kind: 'logit_diff' as const,
            label: `logit of ${nameOf(model, answer)} − ${nameOf(model, against)}`,
            unit: 'logits',
          },
        ]),
    {
      metric: { kind: 'kl', reference: logProbs(before) },
      kind: 'kl',
      label: 'KL(baseline ‖ patched)',
      unit: 'nats',
    },
  ]
  const both = new Float32Array(2 * before.length)
  both.set(before)
  both.set(after, before.length)
  const logits = tensor2d(both, [2, before.length])
  try {
    const [first = [], second = []] = measure(
      model.backend,
      logits,
      asked.map(({ metric }) => metric),
    )
    return asked.map(({ metric: _, ...reading }, i) => ({
      ...reading,
      // A distribution's divergence from itself is 0; its sum in float32 is so but for the last digit.
      before: reading.kind === 'kl' ? 0 : finite(first[i] ?? Number.NaN),
      after: finite(second[i] ?? Number.NaN),
    }))
  } finally {
    logits.dispose()
  }
}

function ofTokens(model: Model, tokens: readonly number[]): Asked[] {
  const name = nameOf(model, tokens)
  return [
    { metric: { kind: 'logit', tokens }, kind: 'logit', label: `logit of ${name}`, unit: 'logits' },
    { metric: { kind: 'log_prob', tokens }, kind: 'log_prob', label: `log p(${name})`, unit: 'nats' },
    { metric: { kind: 'prob', tokens }, kind: 'prob', label: `p(${name})`, unit: 'probability' },
    // A set has no rank of its own; each of its tokens has.
    ...tokens.map(
      (token): Asked => ({
        metric: { kind: 'rank', token },
        kind: 'rank',
        label: `rank of ${model.tokenizer.label(token)}`,
        unit: '0 is the top',
      }),
    ),
  ]
}

const nameOf = (model: Model, tokens: readonly number[]): string =>
  tokens.map(token => model.tokenizer.label(token)).join('/')
