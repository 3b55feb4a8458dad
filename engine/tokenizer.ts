/**
 * A checkpoint's tokenizer. The work is done by `@huggingface/tokenizers`; around it stand the checks
 * that it leaves out, the places where it differs from the reference (`tokenizer/library.ts`),
 * the special tokens as transformers sets them, chat templates, and a label for every token.
 */
import { access } from 'node:fs/promises'
import { join } from 'node:path'
import type { Tokenizer as Library } from '@huggingface/tokenizers'
import { type JsonObject, readJsonObject, shown } from './checkpoint/json-file.ts'
import { CheckpointError, ShapeError } from './errors.ts'
import { type ChatRenderer, loadChatTemplate } from './tokenizer/chat.ts'
import { makeLabels, type Spelling, unusedLabel } from './tokenizer/labels.ts'
import { buildLibrary } from './tokenizer/library.ts'
import { type SpecialTokens, specialTokens, type TokenFiles } from './tokenizer/special.ts'
import { checkTokenizerJson, type TokenizerJson, withConfigTokens } from './tokenizer/tokenizer-json.ts'
import type { ChatMessage, EncodeOptions, Tokenizer } from './tokenizer-types.ts'

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  )
}

async function readTokenizerJson(dir: string): Promise<JsonObject> {
  const parsed = await readJsonObject(join(dir, 'tokenizer.json'))
  if (parsed !== null) return parsed
  if (await exists(join(dir, 'tokenizer.model'))) {
    throw new CheckpointError(
      `${dir}: expected a tokenizer.json, got only tokenizer.model: convert it in Python with ` +
        'AutoTokenizer.from_pretrained(DIR).save_pretrained(DIR)',
    )
  }
  throw new CheckpointError(`${dir}: expected a tokenizer.json, got none`)
}

function reason(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

/** What a library throws about a file that its checks let through. */
function libraryError(error: unknown): CheckpointError {
  if (error instanceof CheckpointError) return error
  return new CheckpointError(`tokenizer.json: expected a tokenizer that works, got: ${reason(error)}`)
}

/** How the vocabulary writes text: its decoder tells. */
function spelling(json: JsonObject): Spelling {
  const types = JSON.stringify([json.decoder, json.pre_tokenizer])
  if (types.includes('"ByteLevel"')) return 'byte-level'
  return types.includes('"Metaspace"') || types.includes('▁') ? 'sentencepiece' : 'plain'
}

/**
 * Loads the tokenizer of a checkpoint folder.
 * @throws CheckpointError if `tokenizer.json` is missing, damaged or of a kind that is not supported.
 */
export async function loadTokenizer(dir: string): Promise<Tokenizer> {
  const parsed = await readTokenizerJson(dir)
  const files: TokenFiles = {
    tokenizerConfig: (await readJsonObject(join(dir, 'tokenizer_config.json'))) ?? {},
    generationConfig: (await readJsonObject(join(dir, 'generation_config.json'))) ?? {},
    config: (await readJsonObject(join(dir, 'config.json'))) ?? {},
  }
  const checked = withConfigTokens(checkTokenizerJson(parsed), files.tokenizerConfig)
  const chat = await loadChatTemplate(dir, files.tokenizerConfig)
  try {
    const library = buildLibrary(checked.json, files.tokenizerConfig)
    const special = specialTokens(files, token => library.token_to_id(token))
    if (special.postProcessor !== null) library.post_processor = special.postProcessor
    const tokenizer = new LoadedTokenizer(library, checked, special, chat)
    // A file that passes every check and still does not work should fail here, not in a study.
    tokenizer.decode(tokenizer.encode('Hello, 1 wörld!'))
    return tokenizer
  } catch (error) {
    throw libraryError(error)
  }
}

class LoadedTokenizer implements Tokenizer {
  readonly vocabSize: number
  readonly bosId: number | null
  readonly eosIds: readonly number[]
  readonly hasChatTemplate: boolean
  readonly #library: Library
  readonly #tokens: readonly (string | undefined)[]
  readonly #added: ReadonlySet<number>
  readonly #spelling: Spelling
  readonly #chat: ChatRenderer | null
  #labels: readonly string[] | null = null

  constructor(library: Library, checked: TokenizerJson, special: SpecialTokens, chat: ChatRenderer | null) {
    this.#library = library
    this.#tokens = library.model.vocab
    this.#added = new Set(checked.addedTokens.map(token => token.id))
    this.#spelling = spelling(checked.json)
    this.#chat = chat
    this.vocabSize = this.#tokens.length
    this.bosId = special.bosId
    this.eosIds = special.eosIds
    this.hasChatTemplate = chat !== null
  }

  encode(text: string, options: EncodeOptions = {}): number[] {
    let ids: readonly (number | null | undefined)[]
    try {
      ids = this.#library.encode(text, { add_special_tokens: options.specialTokens !== false }).ids
    } catch (error) {
      throw libraryError(error)
    }
    return ids.map(id => {
      if (typeof id === 'number') return id
      throw new CheckpointError(
        `tokenizer.json: expected a token for every piece of ${shown(text)}, got one that has none and no unk_token`,
      )
    })
  }

  decode(ids: readonly number[], options: { readonly skipSpecial?: boolean } = {}): string {
    // Ids without a token decode to nothing, as in the reference.
    const known = ids.filter(id => this.#token(id) !== undefined)
    if (known.length === 0) return ''
    const skip = options.skipSpecial === true
    // The clean-up that some configs ask for would delete spaces that the model did write.
    try {
      return this.#library.decode(known, { skip_special_tokens: skip, clean_up_tokenization_spaces: false })
    } catch (error) {
      throw libraryError(error)
    }
  }

  label(id: number): string {
    const token = this.#token(id)
    if (token === undefined) return unusedLabel(id)
    this.#labels ??= makeLabels({
      size: this.vocabSize,
      spelling: this.#spelling,
      token: each => this.#tokens[each],
      isAdded: each => this.#added.has(each),
    })
    return this.#labels[id] ?? ''
  }

  chat(messages: readonly ChatMessage[], options: { readonly addGenerationPrompt?: boolean } = {}): string {
    if (this.#chat === null) {
      throw new CheckpointError(
        'chat template: expected one in the checkpoint, got none: write the prompt as plain text',
      )
    }
    return this.#chat(messages, options.addGenerationPrompt === true)
  }

  /** Undefined for an id without a token: models often have more rows of embeddings than there are tokens. */
  #token(id: number): string | undefined {
    if (Number.isSafeInteger(id) && id >= 0) return this.#tokens[id]
    throw new ShapeError(`token id: expected a whole number from 0, got ${id}`)
  }
}
