/**
 * Special tokens: which begin and end a text, and which the tokenizer puts around what it encodes.
 *
 * `tokenizer.json` says it in its post-processor, but for some tokenizer classes transformers throws
 * that away and rebuilds it from `add_bos_token` and `add_eos_token` of `tokenizer_config.json`.
 * Following only the file gives a Llama 2 or Gemma checkpoint a prompt without its BOS, and so
 * numbers that are wrong without an error.
 */
import { type PostProcessor, TemplateProcessingPostProcessor } from '@huggingface/tokenizers'
import { configReader } from '../checkpoint/config.ts'
import { isJsonObject, type JsonObject, shown } from '../checkpoint/json-file.ts'
import { CheckpointError } from '../errors.ts'

interface ClassDefaults {
  readonly addBos: boolean
  readonly bos: string
  readonly eos: string
}

/** Tokenizer classes whose post-processor transformers rebuilds, with their defaults (transformers 4.57). */
const REBUILT: ReadonlyMap<string, ClassDefaults> = new Map([
  ['Llama', { addBos: true, bos: '<s>', eos: '</s>' }],
  ['CodeLlama', { addBos: true, bos: '<s>', eos: '</s>' }],
  ['Gemma', { addBos: true, bos: '<bos>', eos: '<eos>' }],
  ['Cohere', { addBos: true, bos: '<BOS_TOKEN>', eos: '<|END_OF_TURN_TOKEN|>' }],
  ['GPTNeoX', { addBos: false, bos: '<|endoftext|>', eos: '<|endoftext|>' }],
])

/** The class that transformers picks by `model_type` when `tokenizer_config.json` names none. */
const CLASS_OF_MODEL: ReadonlyMap<string, string> = new Map([
  ['llama', 'Llama'],
  ['mistral', 'Llama'],
  ['mixtral', 'Llama'],
  ['gemma', 'Gemma'],
  ['gemma2', 'Gemma'],
  ['gemma3', 'Gemma'],
  ['gemma3_text', 'Gemma'],
  ['cohere', 'Cohere'],
  ['gpt_neox', 'GPTNeoX'],
  ['olmo', 'GPTNeoX'],
])

/** The parsed files of a checkpoint folder that say something about its tokens; absent ones are empty. */
export interface TokenFiles {
  readonly tokenizerConfig: JsonObject
  readonly generationConfig: JsonObject
  readonly config: JsonObject
}

function classDefaults({ tokenizerConfig, config }: TokenFiles): ClassDefaults | undefined {
  const name = configReader(tokenizerConfig, 'tokenizer_config.json').optionalString('tokenizer_class')
  if (name !== null) return REBUILT.get(name.replace(/Tokenizer(Fast)?$/, ''))
  const model = configReader(config).optionalString('model_type')
  return REBUILT.get(CLASS_OF_MODEL.get(model ?? '') ?? '')
}

/** The text of a special token, written as a string or as `{ content }`; null if the file names none. */
export function specialText(tokenizerConfig: JsonObject, key: string): string | null {
  const value = tokenizerConfig[key]
  if (value === undefined || value === null) return null
  if (typeof value === 'string') return value
  if (isJsonObject(value) && typeof value.content === 'string') return value.content
  throw new CheckpointError(`tokenizer_config.json: ${key}: expected a token, got ${shown(value)}`)
}

type IdOf = (token: string) => number | undefined

export interface SpecialTokens {
  readonly bosId: number | null
  readonly eosIds: readonly number[]
  /** A post-processor to put in place of the file's, or null to keep that. */
  readonly postProcessor: PostProcessor | null
}

/** A post-processor that puts tokens before and after a text. */
function template(before: string | null, after: string | null): PostProcessor {
  const special = (token: string | null) => (token === null ? [] : [{ SpecialToken: { id: token, type_id: 0 } }])
  const single = [...special(before), { Sequence: { id: 'A', type_id: 0 } }, ...special(after)]
  return new TemplateProcessingPostProcessor({ type: 'TemplateProcessing', single, pair: [] })
}

function rebuiltPostProcessor(files: TokenFiles, idOf: IdOf): PostProcessor | null {
  const defaults = classDefaults(files)
  if (defaults === undefined) return null
  const reader = configReader(files.tokenizerConfig, 'tokenizer_config.json')
  const pick = (add: boolean, key: string, fallback: string): string | null => {
    if (!add) return null
    const token = specialText(files.tokenizerConfig, key) ?? fallback
    if (idOf(token) !== undefined) return token
    throw new CheckpointError(`tokenizer_config.json: ${key}: expected a token of tokenizer.json, got ${shown(token)}`)
  }
  return template(
    pick(reader.boolean('add_bos_token', defaults.addBos), 'bos_token', defaults.bos),
    pick(reader.boolean('add_eos_token', false), 'eos_token', defaults.eos),
  )
}

function bosId({ tokenizerConfig, config }: TokenFiles, idOf: IdOf): number | null {
  const text = specialText(tokenizerConfig, 'bos_token')
  if (text !== null) return idOf(text) ?? null
  // A tokenizer that says it has none (Qwen) is believed over the model's config.
  if ('bos_token' in tokenizerConfig) return null
  return configReader(config).optionalInteger('bos_token_id')
}

/** Where generation should stop: what the generation config says, else the model's, else the tokenizer's. */
function eosIds({ tokenizerConfig, generationConfig, config }: TokenFiles, idOf: IdOf): readonly number[] {
  const generation = configReader(generationConfig, 'generation_config.json').integers('eos_token_id', [])
  if (generation.length > 0) return generation
  const model = configReader(config).integers('eos_token_id', [])
  if (model.length > 0) return model
  const id = idOf(specialText(tokenizerConfig, 'eos_token') ?? '')
  return id === undefined ? [] : [id]
}

/** @throws CheckpointError if a file names a special token that does not exist, or has the wrong type. */
export function specialTokens(files: TokenFiles, idOf: IdOf): SpecialTokens {
  return {
    bosId: bosId(files, idOf),
    eosIds: eosIds(files, idOf),
    postProcessor: rebuiltPostProcessor(files, idOf),
  }
}
