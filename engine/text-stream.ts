/**
 * Text from a stream of tokens. A token's text depends on its neighbours (a character may be spread
 * over several tokens; SentencePiece drops the first token's space), so each new stretch is what the
 * decoded text grew by, and a character is given only when it is whole. Text that may turn out to
 * begin a stop string is held back too.
 */
import type { Tokenizer } from './tokenizer-types.ts'

const REPLACEMENT = '\u{FFFD}'

export class TextStream {
  readonly #tokenizer: Tokenizer
  readonly #stops: readonly string[]
  readonly #ids: number[]
  /** First id that is decoded with the new ones: where text ended cleanly before, so that no character is cut. */
  #from = 0
  /** Ids before this one have given their text. */
  #read: number
  /** Decoded, and not given out because a stop string may have begun. */
  #held = ''

  /** @param prompt the ids before the stream: context, whose text is not given */
  constructor(tokenizer: Tokenizer, prompt: readonly number[], stops: readonly string[] = []) {
    this.#tokenizer = tokenizer
    this.#stops = stops
    this.#ids = [...prompt]
    this.#read = prompt.length
  }

  /** Takes a token; gives the text that is now certain, and whether a stop string has come: then the text ends before it. */
  push(id: number): { readonly text: string; readonly stopped: boolean } {
    this.#ids.push(id)
    const whole = this.#decode(this.#from, this.#ids.length)
    if (whole.endsWith(REPLACEMENT)) return { text: '', stopped: false }
    const known = this.#decode(this.#from, this.#read)
    const grown = this.#grown(known, whole)
    this.#held += grown
    if (grown !== '' && !known.endsWith(REPLACEMENT)) this.#from = this.#read
    this.#read = this.#ids.length
    const stop = this.#firstStop()
    const end = stop ?? this.#held.length - this.#possibleStop()
    const text = this.#held.slice(0, end)
    this.#held = this.#held.slice(end)
    return { text, stopped: stop !== null }
  }

  /** What was held back; the stream ends here. */
  end(): string {
    if (this.#read === this.#ids.length) return this.#held
    const known = this.#decode(this.#from, this.#read)
    return this.#held + this.#grown(known, this.#decode(this.#from, this.#ids.length))
  }

  #decode(from: number, to: number): string {
    return this.#tokenizer.decode(this.#ids.slice(from, to))
  }

  /** What the window's text grew by since the last token that gave its text. */
  #grown(known: string, whole: string): string {
    if (whole.startsWith(known)) return whole.slice(known.length)
    // The prompt ended within a character: what was its replacement is now the character.
    const settled = known.replace(/\uFFFD+$/u, '')
    return whole.startsWith(settled) ? whole.slice(settled.length) : this.#decode(this.#read, this.#ids.length)
  }

  #firstStop(): number | null {
    const places = this.#stops.map(stop => this.#held.indexOf(stop)).filter(place => place >= 0)
    return places.length === 0 ? null : Math.min(...places)
  }

  /** Length of the longest end of the held text that begins a stop string. */
  #possibleStop(): number {
    let longest = 0
    for (const stop of this.#stops)
      for (let length = Math.min(stop.length - 1, this.#held.length); length > longest; length--)
        if (stop.startsWith(this.#held.slice(-length))) longest = length
    return longest
  }
}
