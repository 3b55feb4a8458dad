/**
 * Types of the parts of `@huggingface/tokenizers` that we use. The package's own declarations import
 * each other without file extensions, which Node's module resolution does not follow, so that every
 * name in them would come out as `any`.
 */
declare module '@huggingface/tokenizers' {
  export class Normalizer {
    normalize(text: string): string
  }
  export class SequenceNormalizer extends Normalizer {
    normalizers: (Normalizer | null)[]
  }
  export class PrecompiledNormalizer extends Normalizer {
    charsmap: unknown
  }

  export interface PreTokenizeOptions {
    readonly section_index?: number
  }
  export class PreTokenizer {
    pre_tokenize(text: string, options?: PreTokenizeOptions): string[]
    pre_tokenize_text(text: string, options?: PreTokenizeOptions): string[]
  }
  export class SequencePreTokenizer extends PreTokenizer {
    tokenizers: (PreTokenizer | null)[]
  }
  export class ByteLevelPreTokenizer extends PreTokenizer {
    pattern: RegExp
  }
  export class MetaspacePreTokenizer extends PreTokenizer {
    replacement: unknown
    prepend_scheme: string
  }
  export class SplitPreTokenizer extends PreTokenizer {
    pattern: RegExp | null
  }
  export class DigitsPreTokenizer extends PreTokenizer {
    pattern: RegExp
  }
  export class PunctuationPreTokenizer extends PreTokenizer {
    pattern: RegExp
  }
  export class WhitespacePreTokenizer extends PreTokenizer {
    private readonly kind: 'Whitespace'
  }
  export class WhitespaceSplitPreTokenizer extends PreTokenizer {
    private readonly kind: 'WhitespaceSplit'
  }

  export class Model {
    vocab: (string | undefined)[]
    tokens_to_ids: Map<string, number>
    unk_token_id?: number | null
    fuse_unk: boolean
    encode(tokens: string[]): string[]
    /** `encode`, with unknown pieces in a row made one where `fuse_unk` says so. */
    _call(tokens: string[]): string[]
  }
  export class Unigram extends Model {
    tokenize(text: string): string[]
  }

  export class PostProcessor {
    post_process(tokens: string[], pair?: string[] | null, addSpecialTokens?: boolean): { tokens: string[] }
  }
  export class TemplateProcessingPostProcessor extends PostProcessor {
    constructor(config: { readonly type: 'TemplateProcessing'; readonly single: unknown[]; readonly pair: unknown[] })
  }

  export class Decoder {
    decode_chain(tokens: string[]): string[]
  }
  export class SequenceDecoder extends Decoder {
    decoders: Decoder[]
  }
  export class ByteLevelDecoder extends Decoder {
    text_decoder: TextDecoder
  }
  export class MetaspaceDecoder extends Decoder {
    replacement: string
    config: { readonly prepend_scheme?: unknown; readonly add_prefix_space?: unknown }
  }
  export class ByteFallbackDecoder extends Decoder {
    text_decoder: TextDecoder
  }

  export interface AddedToken {
    readonly id: number
    readonly content: string
    readonly special: boolean
    readonly single_word: boolean
    readonly lstrip: boolean
    readonly rstrip: boolean
    readonly normalized: boolean
  }

  export class Tokenizer {
    constructor(tokenizer: object, config: object)
    normalizer: Normalizer | null
    pre_tokenizer: PreTokenizer | null
    model: Model
    post_processor: PostProcessor | null
    decoder: Decoder | null
    added_tokens: AddedToken[]
    added_tokens_map: Map<string, AddedToken>
    /** Null, and only that, for null: the second text of a pair, which we never have. */
    encode_text(text: string | null): string[] | null
    /** An id is missing where a piece has no token and the model no unknown one. */
    encode(text: string, options: { add_special_tokens: boolean }): { ids: (number | null | undefined)[] }
    decode(ids: number[], options: { skip_special_tokens: boolean; clean_up_tokenization_spaces: boolean }): string
    token_to_id(token: string): number | undefined
  }
}
