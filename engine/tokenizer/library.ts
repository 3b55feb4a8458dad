/**
 * `@huggingface/tokenizers` 0.2, with the places mended where its results differ from the Rust
 * reference. The library is small, pure JavaScript and kept by Hugging Face; the differences are few
 * and each mend is held by parity tests, so mending beats a tokenizer of our own.
 */
// Named, so that a project that imports these sources has the types too.
/// <reference path="./huggingface-tokenizers.d.ts" />
import {
  ByteFallbackDecoder,
  ByteLevelDecoder,
  type Decoder,
  MetaspaceDecoder,
  type Normalizer,
  PrecompiledNormalizer,
  SequenceDecoder,
  SequenceNormalizer,
  Tokenizer,
  Unigram,
} from '@huggingface/tokenizers'
import { isJsonObject, type JsonObject } from '../checkpoint/json-file.ts'
import { tokensOf } from './added-tokens.ts'
import { byteLevelBytes, fallbackByte, fallbackToken, strictText } from './bytes.ts'
import { charsmapNormalizer } from './charsmap.ts'
import { correctPreTokenizer } from './pre-tokenizers.ts'

const REPLACEMENT = '\u{FFFD}'
const encoder = new TextEncoder()
const lossyDecoder = new TextDecoder('utf-8', { ignoreBOM: true })

/** The library breaks characters at added tokens and turns characters outside the table into zero bytes. */
function decodeByteLevel(tokens: string[]): string[] {
  return [lossyDecoder.decode(Buffer.concat(tokens.map(byteLevelBytes)))]
}

/** The library drops a byte order mark, and writes one replacement character for several bad bytes. */
function decodeByteFallback(tokens: string[]): string[] {
  const texts: string[] = []
  let bytes: number[] = []
  const flush = () => {
    if (bytes.length > 0) texts.push(strictText(Uint8Array.from(bytes)) ?? REPLACEMENT.repeat(bytes.length))
    bytes = []
  }
  for (const token of tokens) {
    const byte = fallbackByte(token)
    if (byte !== null) bytes.push(byte)
    else {
      flush()
      texts.push(token)
    }
  }
  flush()
  return texts
}

/** The library takes one space from the first token, be it the text's own; the reference all that stand for a prefix. */
function decodeMetaspace({ replacement, config }: MetaspaceDecoder, tokens: string[]): string[] {
  const { prepend_scheme: scheme, add_prefix_space: before2024 } = config
  const hasPrefix = scheme === undefined ? before2024 !== false : scheme !== 'never'
  return tokens.map((token, index) => token.replaceAll(replacement, index === 0 && hasPrefix ? '' : ' '))
}

function correctDecoder(decoder: Decoder | null): void {
  if (decoder instanceof SequenceDecoder) decoder.decoders.forEach(correctDecoder)
  else if (decoder instanceof ByteLevelDecoder) decoder.decode_chain = decodeByteLevel
  else if (decoder instanceof ByteFallbackDecoder) decoder.decode_chain = decodeByteFallback
  else if (decoder instanceof MetaspaceDecoder) decoder.decode_chain = tokens => decodeMetaspace(decoder, tokens)
}

/** The library imitates compiled character maps by NFKC; the real ones differ in thousands of characters. */
function correctNormalizer(normalizer: Normalizer | null): void {
  if (normalizer instanceof SequenceNormalizer) normalizer.normalizers.forEach(correctNormalizer)
  else if (normalizer instanceof PrecompiledNormalizer) normalizer.normalize = charsmapNormalizer(normalizer.charsmap)
}

/**
 * The library's Unigram has no byte fallback, and joins unknown pieces across the borders of
 * pre-tokenizer pieces.
 */
function correctUnigram(model: Unigram, json: unknown): void {
  const byteFallback =
    typeof json === 'object' && json !== null && 'byte_fallback' in json && json.byte_fallback === true
  const isKnown = (piece: string): boolean => model.tokens_to_ids.has(piece)
  const inBytes = (piece: string): string[] => {
    const tokens = Array.from(encoder.encode(piece), fallbackToken)
    return byteFallback && tokens.every(isKnown) ? tokens : [piece]
  }
  const joinUnknown = (pieces: readonly string[]): string[] => {
    const joined: string[] = []
    let wasUnknown = false
    for (const piece of pieces) {
      const unknown = !isKnown(piece)
      if (unknown && wasUnknown) joined.push(`${joined.pop() ?? ''}${piece}`)
      else joined.push(piece)
      wasUnknown = unknown
    }
    return joined
  }
  model.fuse_unk = false
  model.encode = texts =>
    texts
      .flatMap(text => joinUnknown(model.tokenize(text)))
      .flatMap(piece => (isKnown(piece) ? [piece] : inBytes(piece)))
}

/** The names in `additional_special_tokens`: strings, or objects with the text in `content`. */
function additionalSpecials(config: JsonObject): string[] {
  const list: unknown = config.additional_special_tokens
  const texts = (Array.isArray(list) ? list : []).map((token: unknown) => (isJsonObject(token) ? token.content : token))
  return texts.filter(text => typeof text === 'string')
}

/**
 * The library lets its model know added tokens, so that a word which only looks like one (of those that
 * want to stand alone, say) becomes it; and it takes their normalized texts for them, wherever they come from.
 * Both are taken out again: `tokensOf` finds what is to be found.
 */
function separateAdded(tokenizer: Tokenizer, model: unknown): void {
  const vocab = isJsonObject(model) ? model.vocab : undefined
  const own = new Set(Array.isArray(vocab) ? vocab.map(([token]: unknown[]) => token) : Object.keys(vocab ?? {}))
  tokenizer.added_tokens_map.clear()
  for (const token of tokenizer.added_tokens) {
    tokenizer.added_tokens_map.set(token.content, token)
    if (!own.has(token.content)) tokenizer.model.tokens_to_ids.delete(token.content)
  }
  tokenizer.token_to_id = token => tokenizer.added_tokens_map.get(token)?.id ?? tokenizer.model.tokens_to_ids.get(token)
}

/**
 * A library tokenizer that agrees with the reference.
 * @param json a checked `tokenizer.json`. Whatever the library throws about it is the caller's to explain.
 */
export function buildLibrary(json: JsonObject, config: JsonObject): Tokenizer {
  // The rest of tokenizer_config.json speaks to slow tokenizers, and would change what the file says.
  const tokenizer = new Tokenizer(json, { additional_special_tokens: additionalSpecials(config) })
  correctNormalizer(tokenizer.normalizer)
  correctPreTokenizer(tokenizer.pre_tokenizer, json.pre_tokenizer)
  if (tokenizer.model instanceof Unigram) correctUnigram(tokenizer.model, json.model)
  correctDecoder(tokenizer.decoder)
  separateAdded(tokenizer, json.model)
  const split = tokensOf(tokenizer)
  tokenizer.encode_text = text => (text === null ? null : split(text))
  return tokenizer
}
