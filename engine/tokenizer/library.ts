/**
 * `@huggingface/tokenizers` 0.2, with the places mended where its results differ from the Rust
 * reference. The library is small, pure JavaScript and kept by Hugging Face; the differences are few
 * and each mend is held by parity tests, so mending beats a tokenizer of our own.
 */
import {
  ByteFallbackDecoder,
  ByteLevelDecoder,
  type Decoder,
  type Normalizer,
  PrecompiledNormalizer,
  SequenceDecoder,
  SequenceNormalizer,
  Tokenizer,
  Unigram,
} from '@huggingface/tokenizers'
import type { JsonObject } from '../checkpoint/json-file.ts'
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

function correctDecoder(decoder: Decoder | null): void {
  if (decoder instanceof SequenceDecoder) decoder.decoders.forEach(correctDecoder)
  else if (decoder instanceof ByteLevelDecoder) decoder.decode_chain = decodeByteLevel
  else if (decoder instanceof ByteFallbackDecoder) decoder.decode_chain = decodeByteFallback
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
  return Array.isArray(list) ? list.filter(token => typeof token === 'string') : []
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
  return tokenizer
}
