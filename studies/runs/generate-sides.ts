/**
 * One prompt's text without and with interventions, in turns of a token, so that both grow side by
 * side. Both draw with the same seed: what differs is what the interventions do.
 */
import { type FinishReason, type GeneratedToken, generate } from '../../engine/generate.ts'
import type { Model } from '../../engine/model.ts'
import { generateWithHooks } from '../../hooks/generate-with-hooks.ts'
import type { Intervention } from '../../hooks/intervention.ts'
import { tokenizePrompt } from '../prompts.ts'
import type { GenerateCall } from './protocol.ts'
import type { GenerateEvent, GenerateSide } from './workbench-types.ts'

interface Side {
  readonly side: GenerateSide
  readonly tokens: AsyncGenerator<GeneratedToken, FinishReason, undefined>
}

/**
 * Nothing is told before the first token, so that a bad request fails as a whole.
 * @throws HookPointError, ShapeError, PatchlightError for a bad request; the signal's reason
 */
export async function generateSides(
  model: Model,
  { prompt, interventions = [], ...options }: Omit<GenerateCall, 'dir'>,
  emit: (event: GenerateEvent) => void,
  signal: AbortSignal,
): Promise<void> {
  const encode = (text: string) => tokenizePrompt(model.tokenizer, text, options)
  const { ids, rendered } = encode(prompt)
  const labels = ids.map(id => model.tokenizer.label(id))
  const all: Side[] = [{ side: 'unsteered', tokens: generate(model, ids, { ...options, signal }) }]
  // First, because it is what can be refused.
  if (interventions.length > 0) {
    const encoded = interventions.map(one => withDonorIds(one, text => encode(text).ids))
    all.unshift({
      side: 'steered',
      tokens: generateWithHooks(model, ids, { ...options, interventions: encoded, signal }),
    })
  }
  const going = new Set(all)
  let begun = false
  try {
    while (going.size > 0) {
      for (const one of [...going]) {
        const { side } = one
        const step = await one.tokens.next()
        if (!begun) emit({ type: 'began', prompt: { ids, labels, ...(rendered === null ? {} : { rendered }) } })
        begun = true
        if (step.done === true) {
          going.delete(one)
          emit({ type: 'end', side, finish: step.value })
        } else emit({ type: 'token', side, ...step.value })
      }
    }
  } finally {
    // Frees the keys and values of a side that was left early; the value is nobody's.
    for (const { tokens } of going) await tokens.return('length')
  }
}

/** A donor's text becomes tokens as the prompt's does, so that the positions of both mean the same. */
function withDonorIds(one: Intervention, encode: (text: string) => number[]): Intervention {
  if (!('from' in one.set) || typeof one.set.from !== 'string') return one
  return { ...one, set: { ...one.set, from: encode(one.set.from) } }
}
