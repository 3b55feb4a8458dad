/**
 * `tokenizer.json`, checked before a library sees it. The library takes a damaged file as it comes
 * and gives wrong ids, or dies somewhere inside; here each fault becomes one sentence.
 */

import { isJsonObject, type JsonObject, shown } from '../checkpoint/json-file.ts'
import { CheckpointError } from '../errors.ts'

const FILE = 'tokenizer.json'

/** Four times the largest vocabulary in use (262,144 at the time of writing); ids far beyond would blow up id tables. */
const MAX_ID = 1 << 20

const MODEL_TYPES = ['BPE', 'Unigram', 'WordPiece'] as const
type ModelType = (typeof MODEL_TYPES)[number]

export interface AddedToken {
  readonly id: number
  readonly content: string
  readonly special: boolean
  readonly fields: JsonObject
}

export interface TokenizerJson {
  /** What the library gets: every part present, null where the file has none. */
  readonly json: JsonObject
  readonly modelType: ModelType
  readonly addedTokens: readonly AddedToken[]
}

function fail(where: string, expected: string, got: unknown): CheckpointError {
  return new CheckpointError(`${FILE}: ${where}: expected ${expected}, got ${shown(got)}`)
}

function isId(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value < MAX_ID
}

/** Files from before 2020 leave the type out; its fields tell. */
function modelType(model: JsonObject): ModelType {
  const { type } = model
  if (type === undefined && Array.isArray(model.merges)) return 'BPE'
  if (type === undefined && Array.isArray(model.vocab)) return 'Unigram'
  const known = MODEL_TYPES.find(name => name === type)
  if (known === undefined) throw fail('model.type', `one of ${MODEL_TYPES.join(', ')}`, type)
  return known
}

function checkIds(vocab: unknown): JsonObject {
  if (!isJsonObject(vocab)) throw fail('model.vocab', 'an object of token ids', vocab)
  const seen = new Set<number>()
  for (const token in vocab) {
    const id = vocab[token]
    if (!isId(id)) throw fail(`model.vocab: ${shown(token)}`, 'a token id', id)
    if (seen.has(id)) throw fail(`model.vocab: ${shown(token)}`, 'an id of its own', id)
    seen.add(id)
  }
  return vocab
}

/** Unigram lists its tokens with their log-probabilities; the place in the list is the id. */
function checkScores(vocab: unknown, unkId: unknown): void {
  if (!Array.isArray(vocab) || vocab.length === 0) throw fail('model.vocab', 'a list of [token, score]', vocab)
  const seen = new Set<string>()
  for (const [index, entry] of vocab.entries()) {
    const [token, score]: unknown[] = Array.isArray(entry) ? entry : []
    if (typeof token !== 'string' || typeof score !== 'number' || !Number.isFinite(score)) {
      throw fail(`model.vocab[${index}]`, 'a [token, score]', entry)
    }
    if (seen.has(token)) throw fail(`model.vocab[${index}]`, 'a token that no other id has', token)
    seen.add(token)
  }
  if (unkId !== undefined && unkId !== null && (!isId(unkId) || unkId >= vocab.length)) {
    throw fail('model.unk_id', 'an id of the vocabulary', unkId)
  }
}

/** Merges whose parts or result are no tokens would give pieces without an id. */
function checkMerges(merges: unknown, vocab: JsonObject): void {
  if (!Array.isArray(merges)) throw fail('model.merges', 'a list', merges)
  for (const [index, merge] of merges.entries()) {
    const parts: unknown = typeof merge === 'string' ? merge.split(' ') : merge
    if (!Array.isArray(parts) || parts.length !== 2 || !parts.every(part => typeof part === 'string')) {
      throw fail(`model.merges[${index}]`, 'two tokens', merge)
    }
    const [left = '', right = '']: string[] = parts
    const stranger = [left, right, left + right].find(token => !Object.hasOwn(vocab, token))
    if (stranger !== undefined) throw fail(`model.merges[${index}]`, 'tokens of the vocabulary', stranger)
    // The library takes the format of all from the first.
    if (Array.isArray(merge) !== Array.isArray(merges[0])) throw fail(`model.merges[${index}]`, 'one format', merge)
  }
}

function checkModel(model: unknown): { readonly type: ModelType; readonly model: JsonObject } {
  if (!isJsonObject(model)) throw fail('model', 'an object', model)
  const type = modelType(model)
  if (type === 'Unigram') {
    checkScores(model.vocab, model.unk_id)
    return { type, model: { ...model, type } }
  }
  const vocab = checkIds(model.vocab)
  if (Object.keys(vocab).length === 0) throw fail('model.vocab', 'tokens', vocab)
  if (type === 'BPE') {
    checkMerges(model.merges, vocab)
    if (typeof model.dropout === 'number' && model.dropout > 0) {
      throw fail('model.dropout', 'none: ids would be random', model.dropout)
    }
    for (const key of ['continuing_subword_prefix', 'end_of_word_suffix']) {
      if (model[key]) throw fail(`model.${key}`, 'none (this kind of BPE is not supported)', model[key])
    }
  }
  const { unk_token: unk } = model
  if (unk !== undefined && unk !== null && (typeof unk !== 'string' || !Object.hasOwn(vocab, unk))) {
    throw fail('model.unk_token', 'a token of the vocabulary', unk)
  }
  return { type, model: { ...model, type } }
}

function checkAddedToken(value: unknown, where: string): AddedToken {
  if (!isJsonObject(value)) throw fail(where, 'an object', value)
  const { id, content, special } = value
  if (!isId(id)) throw fail(`${where}.id`, 'a token id', id)
  if (typeof content !== 'string' || content === '') throw fail(`${where}.content`, 'text', content)
  return { id, content, special: special === true, fields: value }
}

/** The library passes over a part whose pattern it does not understand; that would be other ids without an error. */
function checkPatterns(part: unknown, where: string): void {
  if (Array.isArray(part)) for (const [index, each] of part.entries()) checkPatterns(each, `${where}[${index}]`)
  if (!isJsonObject(part)) return
  if (part.type === 'Split' || part.type === 'Replace') {
    const pattern = isJsonObject(part.pattern) ? (part.pattern.Regex ?? part.pattern.String) : undefined
    if (typeof pattern !== 'string') throw fail(`${where}.pattern`, 'a String or Regex', part.pattern)
  }
  for (const key of ['normalizers', 'pretokenizers', 'decoders']) checkPatterns(part[key], `${where}.${key}`)
}

/** Checks a parsed `tokenizer.json`. @throws CheckpointError naming the place in the file. */
export function checkTokenizerJson(parsed: JsonObject): TokenizerJson {
  const { type, model } = checkModel(parsed.model)
  const list = parsed.added_tokens ?? []
  if (!Array.isArray(list)) throw fail('added_tokens', 'a list', list)
  const addedTokens = list.map((token, index) => checkAddedToken(token, `added_tokens[${index}]`))
  const parts: Record<string, unknown> = {}
  for (const key of ['normalizer', 'pre_tokenizer', 'post_processor', 'decoder']) {
    const part = parsed[key] ?? null
    if (part !== null && !isJsonObject(part)) throw fail(key, 'an object', part)
    checkPatterns(part, key)
    parts[key] = part
  }
  return { json: { ...parts, added_tokens: list, model }, modelType: type, addedTokens }
}

/**
 * Adds the tokens that only `tokenizer_config.json` knows (`added_tokens_decoder`), as transformers does.
 * @throws CheckpointError if an entry is damaged.
 */
export function withConfigTokens(tokenizer: TokenizerJson, config: JsonObject): TokenizerJson {
  const decoder = config.added_tokens_decoder ?? {}
  if (!isJsonObject(decoder)) {
    throw new CheckpointError(`tokenizer_config.json: added_tokens_decoder: expected an object, got ${shown(decoder)}`)
  }
  const known = new Set(tokenizer.addedTokens.map(token => token.content))
  const more: AddedToken[] = []
  for (const [key, value] of Object.entries(decoder)) {
    if (isJsonObject(value) && typeof value.content === 'string' && known.has(value.content)) continue
    const where = `added_tokens_decoder.${key} of tokenizer_config.json`
    more.push(checkAddedToken(isJsonObject(value) ? { ...value, id: Number(key) } : value, where))
  }
  if (more.length === 0) return tokenizer
  const addedTokens = [...tokenizer.addedTokens, ...more]
  return {
    ...tokenizer,
    addedTokens,
    json: { ...tokenizer.json, added_tokens: addedTokens.map(token => token.fields) },
  }
}
