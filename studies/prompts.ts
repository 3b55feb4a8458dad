/** Prompts and answer tokens as studies need them: encoded, compared, and refused with a reason. */
import { StudyError } from '../engine/errors.ts'
import type { Model } from '../engine/model.ts'
import type { ChatMessage, Tokenizer } from '../engine/tokenizer-types.ts'
import { type BosChoice, isBosChoice, type PromptOptions } from './prompt-params.ts'

/** A prompt as the model reads it. */
export interface EncodedPrompt {
  readonly ids: number[]
  /** What the chat template made of it, special tokens as text; null without `chat`. */
  readonly rendered: string | null
}

/**
 * Token ids of a text, an empty one too. In a chat the template writes the special tokens itself, so
 * the tokenizer adds none and a BOS is never doubled.
 * @throws StudyError for options that do not fit the tokenizer or each other; CheckpointError if there
 * is no chat template, or it refuses the messages
 */
export function tokenizePrompt(tokenizer: Tokenizer, text: string, options: PromptOptions = {}): EncodedPrompt {
  const { bos = 'config', chat = false, system = '' } = options
  if (!isBosChoice(bos))
    throw new StudyError(`parameter bos: expected config, with or without, got ${JSON.stringify(bos)}`)
  if (system !== '' && !chat)
    throw new StudyError(
      'parameter system: expected no system prompt without the chat template, got one: turn the template on, or leave it empty',
    )
  const messages: ChatMessage[] = [{ role: 'user', content: text }]
  if (system !== '') messages.unshift({ role: 'system', content: system })
  const rendered = chat ? tokenizer.chat(messages, { addGenerationPrompt: true }) : null
  const ids = rendered === null ? tokenizer.encode(text) : tokenizer.encode(rendered, { specialTokens: false })
  return { ids: withBosChoice(tokenizer, ids, bos), rendered }
}

function withBosChoice({ bosId }: Tokenizer, ids: number[], bos: BosChoice): number[] {
  if (bos === 'config') return ids
  if (bosId === null) {
    if (bos === 'without') return ids
    throw new StudyError(
      'parameter bos: expected a tokenizer that has a BOS token, got one that has none: choose "config" or "without"',
    )
  }
  if (bos === 'with') return ids[0] === bosId ? ids : [bosId, ...ids]
  const start = ids.findIndex(id => id !== bosId)
  return start < 0 ? [] : ids.slice(start)
}

/**
 * Token ids of a prompt.
 * @param options the study's parameters, where it spreads `PROMPT_PARAMS`
 * @throws StudyError for a prompt that is empty or too long, and as `tokenizePrompt` does
 */
export function encodePrompt(model: Model, text: string, options: PromptOptions = {}): number[] {
  if (text.trim() === '') throw new StudyError('prompt: expected some text, got an empty prompt')
  const { ids } = tokenizePrompt(model.tokenizer, text, options)
  if (ids.length === 0) throw new StudyError(`prompt ${JSON.stringify(text)}: expected some tokens, got none`)
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
