/** The tokens of every text in the form, asked for in one request after a pause in typing. */
import { createContext, useContext, useMemo } from 'react'
import type { TokenView } from '../../../../studies/runs/workbench-types.ts'
import { api } from '../../../client/api.ts'
import { useAnswer, useDebounced } from '../../services/async.ts'

/** A pause in typing that is long enough to ask. */
export const PAUSE_MS = 250

export interface TokenLookup {
  readonly tokens: ReadonlyMap<string, TokenView>
  readonly error: string | null
}

export function useTokenLookup(model: string | undefined, texts: readonly string[]): TokenLookup {
  const key = useDebounced(JSON.stringify([model ?? null, texts]), PAUSE_MS)
  const answer = useAnswer(key, async () => {
    const views = await api.tokenize(model, texts)
    return new Map(texts.flatMap((text, index) => (views[index] === undefined ? [] : [[text, views[index]] as const])))
  })
  return useMemo(() => ({ tokens: answer.value ?? new Map(), error: answer.error }), [answer])
}

export const TokenLookupContext = createContext<TokenLookup>({ tokens: new Map(), error: null })

export function useTokens(text: string): TokenView | null {
  return useContext(TokenLookupContext).tokens.get(text) ?? null
}
