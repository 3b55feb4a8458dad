/** Prompts and answer tokens as studies need them: encoded, compared, and refused with a reason. */
import { StudyError } from '../engine/errors.ts'
import type { Model } from '../engine/model.ts'

/**
 * Token ids of a prompt.
 * @param chat render the prompt as one user message through the checkpoint's chat template
 * @throws StudyError for a prompt without tokens; CheckpointError if there is no chat template
 */
export function encodePrompt(model: Model, text: string, chat = false): number[] {
  const { tokenizer } = model
  const ids = chat
    ? tokenizer.encode(tokenizer.chat([{ role: 'user', content: text }], { addGenerationPrompt: true }), {
        specialTokens: false,
      })
    : tokenizer.encode(text)
  const empty = ids.length === 0 || text.trim() === ''
  if (empty) throw new StudyError('prompt: expected some text, got an empty prompt')
  if (ids.length > model.spec.maxPositions)
    throw new StudyError(
      `prompt ${JSON.stringify(text.slice(0, 40))}…: expected at most ${model.spec.maxPositions} tokens, got ${ids.length}`,
    )
  return ids
}

/** Labels of token ids, for axes. */
export function labels(model: Model, ids: readonly number[]): string[] {
  return ids.map(id => model.tokenizer.label(id))
}

/**
 * Ids of texts that must each be one token; those that are several are left out.
 * @returns ids, and the texts that were left out
 * @throws StudyError if none is left
 */
export function answerTokens(
  model: Model,
  texts: readonly string[],
  what: string,
): { readonly ids: number[]; readonly dropped: string[] } {
  const ids: number[] = []
  const dropped: string[] = []
  for (const text of texts) {
    const encoded = model.tokenizer.encode(text, { specialTokens: false })
    const [id] = encoded
    if (encoded.length === 1 && id !== undefined) {
      if (!ids.includes(id)) ids.push(id)
    } else dropped.push(text)
  }
  if (ids.length === 0)
    throw new StudyError(
      `${what}: expected at least one text that is a single token of this model, got ${texts.map(text => JSON.stringify(text)).join(', ') || 'none'}`,
    )
  return { ids, dropped }
}

/**
 * Checks that two prompts align token by token.
 * @returns the positions where they differ
 * @throws StudyError that shows where they part, if they have different lengths or do not differ
 */
export function alignedDifference(model: Model, clean: readonly number[], corrupted: readonly number[]): number[] {
  const show = (ids: readonly number[]): string => labels(model, ids).join(' | ')
  if (clean.length !== corrupted.length) {
    const length = Math.min(clean.length, corrupted.length)
    let first = 0
    while (first < length && clean[first] === corrupted[first]) first++
    throw new StudyError(
      `prompts: expected as many tokens in both, got ${clean.length} and ${corrupted.length}; they part at token ${first}: ` +
        `clean has ${show(clean.slice(first, first + 4))}, corrupted has ${show(corrupted.slice(first, first + 4))}`,
    )
  }
  const differing = clean.flatMap((id, i) => (id === corrupted[i] ? [] : [i]))
  if (differing.length === 0) throw new StudyError('prompts: expected two that differ, got the same tokens twice')
  return differing
}

/** A short quotation for titles. */
export function quote(text: string, length = 60): string {
  const flat = text.replace(/\s+/g, ' ').trim()
  return `“${flat.length > length ? `${flat.slice(0, length - 1)}…` : flat}”`
}
