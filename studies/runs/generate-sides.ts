/**
 * One prompt's text without and with interventions, in turns of a token, so that both grow side by
 * side. Both draw with the same seed: what differs is what the interventions do.
 */
import { type FinishReason, type GeneratedToken, generate } from '../../engine/generate.ts'
import type { Model } from '../../engine/model.ts'
import { generateWithHooks } from '../../hooks/generate-with-hooks.ts'
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
  const ids = model.tokenizer.encode(prompt)
  const all: Side[] = [{ side: 'unsteered', tokens: generate(model, ids, { ...options, signal }) }]
  // First, because it is what can be refused.
  if (interventions.length > 0) {
    all.unshift({ side: 'steered', tokens: generateWithHooks(model, ids, { ...options, interventions, signal }) })
  }
  const going = new Set(all)
  let begun = false
  try {
    while (going.size > 0) {
      for (const one of [...going]) {
        const { side } = one
        const step = await one.tokens.next()
        if (!begun) emit({ type: 'began', prompt: { ids, labels: ids.map(id => model.tokenizer.label(id)) } })
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
