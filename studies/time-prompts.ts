/** The prompts and metrics of time patching, checked against a model. */
import type { Model } from '../engine/model.ts'
import type { Metric } from '../hooks/metric.ts'
import type { ParamsOf } from './params.ts'
import type { PROMPT_PARAMS } from './prompt-params.ts'
import { alignedDifference, answerTokens, encodePrompt } from './prompts.ts'
import type { TIME_PARAMS } from './time-params.ts'

export type TimeParams = ParamsOf<typeof TIME_PARAMS>

export interface TimePrompts {
  readonly clean: readonly number[]
  readonly corrupted: readonly number[]
  readonly answer: readonly number[]
  readonly against: readonly number[]
  readonly dropped: readonly string[]
}

/** What the prompts of a clean/corrupted study are made of. */
type PairParams = Pick<TimeParams, 'clean' | 'corrupted' | 'answer' | 'against' | keyof typeof PROMPT_PARAMS>

export function preparePrompts(model: Model, params: PairParams): TimePrompts {
  const clean = encodePrompt(model, params.clean, params)
  const corrupted = encodePrompt(model, params.corrupted, params)
  alignedDifference(model, clean, corrupted)
  const answer = answerTokens(model, params.answer, 'answer')
  const against = answerTokens(model, params.against, 'against')
  return {
    clean,
    corrupted,
    answer: answer.ids,
    against: against.ids,
    dropped: [...answer.dropped, ...against.dropped],
  }
}

export function timeMetrics({ answer, against }: Pick<TimePrompts, 'answer' | 'against'>): Metric[] {
  return [
    { kind: 'logit_diff', tokens: answer, against },
    { kind: 'logit', tokens: answer },
  ]
}
