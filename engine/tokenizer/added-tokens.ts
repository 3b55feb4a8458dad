/**
 * Added tokens found in a text as the reference does it (`AddedVocabulary` of Hugging Face's Rust
 * tokenizers): first those that are looked for in the text as it is, then, in what lies between them
 * once it is normalized, those that are looked for there. Of the tokens that begin at one place the
 * longest counts; a token may take the white space before and after it, or want to stand as a word.
 */
import type { AddedToken, Tokenizer } from '@huggingface/tokenizers'
import { WORD } from './pre-tokenizers.ts'

const SPACE_AT_END = /\p{White_Space}*$/u
const SPACE_AT_START = /^\p{White_Space}*/u
const WORD_AT_END = new RegExp(`[${WORD}]$`, 'u')
const WORD_AT_START = new RegExp(`^[${WORD}]`, 'u')

/** Text between tokens as a string, and tokens. */
type Piece = string | AddedToken

interface Sought {
  /** What stands in the text: the token's content, or that normalized. */
  readonly text: string
  readonly token: AddedToken
}

/** Finds tokens in texts. */
class Finder {
  /** By the first character; longest first. */
  readonly #byFirst = new Map<string, Sought[]>()

  constructor(sought: readonly Sought[]) {
    for (const each of [...sought].sort((a, b) => b.text.length - a.text.length)) {
      const first = each.text.charAt(0)
      if (first === '') continue
      const list = this.#byFirst.get(first)
      if (list === undefined) this.#byFirst.set(first, [each])
      else list.push(each)
    }
  }

  /** The tokens of a text and what lies between them, in order; no piece is empty. */
  split(text: string): Piece[] {
    const pieces: Piece[] = []
    let end = 0
    for (let at = 0; at < text.length; ) {
      const found = this.#byFirst.get(text.charAt(at))?.find(sought => text.startsWith(sought.text, at))
      if (found === undefined) {
        at++
        continue
      }
      const { token } = found
      const next = at + found.text.length
      if (!token.single_word || isWord(text, at, next)) {
        const start = token.lstrip ? Math.max(end, text.slice(0, at).search(SPACE_AT_END)) : at
        if (start > end) pieces.push(text.slice(end, start))
        pieces.push(token)
        // A token within the space that another took is found all the same.
        end = token.rstrip ? next + (SPACE_AT_START.exec(text.slice(next))?.[0].length ?? 0) : next
      }
      at = next
    }
    if (end < text.length) pieces.push(text.slice(end))
    return pieces
  }
}

function isWord(text: string, begin: number, end: number): boolean {
  return !WORD_AT_END.test(text.slice(0, begin)) && !WORD_AT_START.test(text.slice(end))
}

/** A function that splits a text into tokens, to stand in the library's place. */
export function tokensOf(tokenizer: Tokenizer): (text: string) => string[] {
  const { added_tokens: added, normalizer, pre_tokenizer: preTokenizer, model } = tokenizer
  const normalize = (text: string): string => normalizer?.normalize(text) ?? text
  const asTheyAre = added.filter(token => !token.normalized).map(token => ({ text: token.content, token }))
  const normalized = added.filter(token => token.normalized)
  const inText = new Finder(asTheyAre)
  const inNormalized = new Finder(normalized.map(token => ({ text: normalize(token.content), token })))
  return text =>
    inText.split(text).flatMap((section, index) => {
      if (typeof section !== 'string') return [section.content]
      return inNormalized.split(normalize(section)).flatMap((piece, place) => {
        if (typeof piece !== 'string') return [piece.content]
        // Some prefixes are for the beginning of the whole text only.
        const options = { section_index: index + place }
        return model._call(preTokenizer === null ? [piece] : preTokenizer.pre_tokenize(piece, options))
      })
    })
}
