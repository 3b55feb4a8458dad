/**
 * The pre-tokenizers whose pieces differ between `@huggingface/tokenizers` 0.2 and the Rust reference,
 * mended on the library's own objects. What differs: JavaScript's `\s`, `\d` and `\w` are not Unicode's
 * (U+0085 and U+FEFF, digits and words of other scripts); Split knows two of its five behaviours and
 * drops text when inverted; Metaspace never splits; Punctuation joins runs.
 */
import {
  ByteLevelPreTokenizer,
  DigitsPreTokenizer,
  MetaspacePreTokenizer,
  type PreTokenizer,
  PunctuationPreTokenizer,
  SequencePreTokenizer,
  SplitPreTokenizer,
  WhitespacePreTokenizer,
  WhitespaceSplitPreTokenizer,
} from '@huggingface/tokenizers'
import { isJsonObject, type JsonObject, shown } from '../checkpoint/json-file.ts'
import { CheckpointError, internalError } from '../errors.ts'
import { BEHAVIORS, type Behavior, splitText } from './split.ts'

const SPACE = '\\p{White_Space}'
/** Inside a character class: what the reference's `\\w` is. */
export const WORD = '\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}\\p{Join_Control}'

const GPT2 = new RegExp(
  `'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^${SPACE}\\p{L}\\p{N}]+|${SPACE}+(?!\\P{White_Space})|${SPACE}+`,
  'gu',
)
const NUMERIC = /\p{N}/gu
const PUNCTUATION = /[\p{P}!-/:-@[-`{-~]/gu
const WHITESPACE = /\p{White_Space}/gu
const WORDS = new RegExp(`[${WORD}]+|[^${WORD}${SPACE}]+`, 'gu')

function fail(key: string, expected: string, got: unknown): CheckpointError {
  return new CheckpointError(`tokenizer.json: pre_tokenizer: ${key}: expected ${expected}, got ${shown(got)}`)
}

function behaviorOf(json: JsonObject, fallback: Behavior): Behavior {
  const name = json.behavior ?? fallback
  // Files written by JavaScript tools have it in lower case.
  const known = BEHAVIORS.find(behavior => typeof name === 'string' && behavior.toLowerCase() === name.toLowerCase())
  if (known === undefined) throw fail('behavior', `one of ${BEHAVIORS.join(', ')}`, name)
  return known
}

function correctMetaspace(metaspace: MetaspacePreTokenizer, json: JsonObject): void {
  // Files from before 2024 say it with a switch.
  if (json.prepend_scheme === undefined && json.add_prefix_space === false) metaspace.prepend_scheme = 'never'
  if (json.split === false) return
  const { replacement } = metaspace
  if (typeof replacement !== 'string' || [...replacement].length !== 1)
    throw fail('replacement', 'a character', replacement)
  const pattern = new RegExp(replacement.replace(/[\\^$.*+?()[\]{}|/]/, '\\$&'), 'gu')
  const whole = metaspace.pre_tokenize_text.bind(metaspace)
  metaspace.pre_tokenize_text = (text, options) =>
    whole(text, options).flatMap(piece => splitText(piece, pattern, 'MergedWithNext', false))
}

function correctSplit(split: SplitPreTokenizer, json: JsonObject): void {
  const { pattern } = split
  if (pattern === null) throw internalError('a pattern went past the check of tokenizer.json')
  const behavior = behaviorOf(json, 'Isolated')
  split.pre_tokenize_text = text => splitText(text, pattern, behavior, json.invert === true)
}

/** Mends a pre-tokenizer and all within it. @param json what it was made from. */
export function correctPreTokenizer(tokenizer: PreTokenizer | null, json: unknown): void {
  if (tokenizer === null || !isJsonObject(json)) return
  if (tokenizer instanceof SequencePreTokenizer) {
    const parts: unknown = json.pretokenizers
    if (!Array.isArray(parts)) throw fail('pretokenizers', 'a list', parts)
    tokenizer.tokenizers.forEach((each, index) => {
      correctPreTokenizer(each, parts[index])
    })
  } else if (tokenizer instanceof ByteLevelPreTokenizer) tokenizer.pattern = GPT2
  else if (tokenizer instanceof MetaspacePreTokenizer) correctMetaspace(tokenizer, json)
  else if (tokenizer instanceof SplitPreTokenizer) correctSplit(tokenizer, json)
  else if (tokenizer instanceof DigitsPreTokenizer) {
    const behavior = json.individual_digits === true ? 'Isolated' : 'Contiguous'
    tokenizer.pre_tokenize_text = text => splitText(text, NUMERIC, behavior, false)
  } else if (tokenizer instanceof PunctuationPreTokenizer) {
    const behavior = behaviorOf(json, 'Isolated')
    tokenizer.pre_tokenize_text = text => splitText(text, PUNCTUATION, behavior, false)
  } else if (tokenizer instanceof WhitespacePreTokenizer) {
    tokenizer.pre_tokenize_text = text => splitText(text, WORDS, 'Removed', true)
  } else if (tokenizer instanceof WhitespaceSplitPreTokenizer) {
    tokenizer.pre_tokenize_text = text => splitText(text, WHITESPACE, 'Removed', false)
  } else if (json.type === 'FixedLength' && !(typeof json.length === 'number' && json.length >= 1)) {
    throw fail('length', 'a positive integer', json.length)
  }
}
