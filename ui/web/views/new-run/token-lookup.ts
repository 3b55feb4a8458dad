/**
 * The tokens of every text in the form, asked for together after a pause in typing. Prompts are
 * encoded with the form's own BOS and chat choices, so that what is shown is what runs; the pieces
 * that must be one token are not.
 */
import { createContext, useContext, useMemo, useState } from 'react'
import type { PromptOptions } from '../../../../studies/prompt-params.ts'
import type { TokenView } from '../../../../studies/runs/workbench-types.ts'
import { api } from '../../../client/api.ts'
import { useAnswer, useDebounced } from '../../services/async.ts'
import type { FormTexts } from './form-state.ts'

/** A pause in typing that is long enough to ask. */
export const PAUSE_MS = 250

type Tokens = ReadonlyMap<string, TokenView>

export interface TokenLookup {
  readonly prompts: Tokens
  readonly pieces: Tokens
  readonly error: string | null
}

const EMPTY = { prompts: new Map<string, TokenView>(), pieces: new Map<string, TokenView>() }

async function ask(
  model: string | undefined,
  texts: readonly string[],
  options: PromptOptions,
  signal: AbortSignal,
): Promise<Tokens> {
  if (texts.length === 0) return EMPTY.pieces
  const views = await api.tokenize(model, texts, options, signal)
  return new Map(texts.flatMap((text, index) => (views[index] === undefined ? [] : [[text, views[index]] as const])))
}

export function useTokenLookup(model: string | undefined, texts: FormTexts, options: PromptOptions): TokenLookup {
  const key = useDebounced(JSON.stringify([model ?? null, texts, options]), PAUSE_MS)
  const answer = useAnswer(key, async signal => {
    const [prompts, pieces] = await Promise.all([
      ask(model, texts.prompts, options, signal),
      ask(model, texts.pieces, {}, signal),
    ])
    return { prompts, pieces }
  })
  return useMemo(() => ({ ...(answer.value ?? EMPTY), error: answer.error }), [answer])
}

export const TokenLookupContext = createContext<TokenLookup>({ ...EMPTY, error: null })

export interface KnownTokens {
  /** Null while none were ever known. */
  readonly tokens: TokenView | null
  /** These are the tokens of what was typed before: those of the text are on their way. */
  readonly stale: boolean
}

/** A prompt's tokens. The last ones stay while it is typed, so that the page does not jump at each letter. */
export function useTokens(text: string): KnownTokens {
  const { prompts, error } = useContext(TokenLookupContext)
  const known = prompts.get(text) ?? null
  const [last, setLast] = useState(known)
  if (known !== null && known !== last) setLast(known)
  return { tokens: known ?? (error === null ? last : null), stale: known === null }
}

/** The labels of a piece, without what the tokenizer puts before every text. */
export function usePieceLabels(text: string): readonly string[] | null {
  const { pieces } = useContext(TokenLookupContext)
  return pieces.get(text)?.labels.slice(pieces.get('')?.ids.length ?? 0) ?? null
}
