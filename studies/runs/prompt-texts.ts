/** The prompts among a run's parameters, for the token ids that `run.json` keeps. */
import type { ParamSchema, ParamValue } from '../params.ts'

export interface PromptText {
  /** The parameter. */
  readonly key: string
  readonly text: string
}

/** All prompts of these values, in order; the two of a pair lie one after the other. */
export function promptTexts(schema: ParamSchema, params: Readonly<Record<string, ParamValue>>): PromptText[] {
  return Object.entries(params).flatMap(([key, value]) => {
    const kind = schema[key]?.kind
    if (kind !== 'prompt' && kind !== 'prompts' && kind !== 'pairs') return []
    const texts = Array.isArray(value) ? value.flat() : [String(value)]
    return texts.map(text => ({ key, text }))
  })
}
