/**
 * Tokenizers against Hugging Face's own: the fixtures hold what `transformers` and `tokenizers` make of
 * each text (tests/parity/generate-tokenizers), for one small tokenizer of each kind.
 */
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { buildLibrary } from '../../engine/tokenizer/library.ts'
import { loadTokenizer } from '../../engine/tokenizer.ts'
import type { ChatMessage, Tokenizer } from '../../engine/tokenizer-types.ts'
import { folder } from './checkpoint/folders.ts'

interface Fixture {
  /** None for the embedded model, which lies in the repository. */
  readonly files?: Readonly<Record<string, object>>
  readonly vocabSize: number
  readonly bosId: number | null
  /** Text, ids, ids without special tokens, the ids decoded, and decoded without special tokens. */
  readonly cases: readonly (readonly [string, number[], number[], string, string])[]
  readonly chats: readonly (readonly [ChatMessage[], boolean, string | { readonly error: string }])[]
}

type SplitCases = readonly (readonly [string, object, readonly (readonly [string, string[]])[]])[]

const FIXTURES = fileURLToPath(new URL('../fixtures/tokenizers/', import.meta.url))

const EMBEDDED = fileURLToPath(new URL('../../engine/demo/checkpoint/', import.meta.url))

async function fixture<T>(name: string): Promise<T> {
  return JSON.parse(gunzipSync(await readFile(join(FIXTURES, `${name}.json.gz`))).toString())
}

const kinds = (await readdir(FIXTURES))
  .map(name => name.replace('.json.gz', ''))
  .filter(name => name !== 'pre-tokenizers')

/**
 * Texts that we encode otherwise than the reference, and why. Both are texts of the fixtures, and the test
 * demands that they still differ: a divergence that went away has no place in the list.
 */
const NEWER = 'the reference normalizes by Unicode 9; these characters came later, and Node knows them'
const KNOWN_DIVERGENCES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'byte-level-qwen2': { 'q\u08d4\u0d3b': NEWER },
  'byte-level-neox': { 'q\u08d4\u0d3b': NEWER },
  'unigram-byte-fallback': { 'q\u08d4\u0d3b': NEWER, '\u32ff': NEWER },
}

/** Kinds whose normalizers change nothing for good: what is encoded comes back. */
const LOSSLESS = [
  'byte-level-gpt2',
  'byte-level-llama3',
  'byte-level-o200k',
  'byte-level-digits',
  'sentencepiece-gemma',
]

describe.each(kinds)('%s', async kind => {
  const { files, vocabSize, bosId, cases, chats } = await fixture<Fixture>(kind)
  const tokenizer = await loadTokenizer(files ? await folder(files) : EMBEDDED)
  const known = KNOWN_DIVERGENCES[kind] ?? {}

  it('encodes every text as the reference does, with and without special tokens', () => {
    const wrong = cases.filter(([text, ids, plain]) => {
      const same = String(tokenizer.encode(text)) === String(ids)
      return !same || String(tokenizer.encode(text, { specialTokens: false })) !== String(plain)
    })
    expect(wrong.map(([text]) => text).sort()).toEqual(Object.keys(known).sort())
    expect(cases.length).toBeGreaterThan(300)
  })

  it('decodes ids as the reference does', () => {
    for (const [, ids, , text, withoutSpecial] of cases) {
      expect(tokenizer.decode(ids)).toBe(text)
      expect(tokenizer.decode(ids, { skipSpecial: true })).toBe(withoutSpecial)
    }
  })

  it.runIf(LOSSLESS.includes(kind))('gives back what it encoded', () => {
    // Tokens that swallow the blanks beside them give those up; SentencePiece writes a space as ▁.
    const texts = cases.map(([text]) => text).filter(text => !/\[LEFT\]|▁/.test(text))
    for (const text of texts) expect(tokenizer.decode(tokenizer.encode(text, { specialTokens: false }))).toBe(text)
  })

  it('knows its size and how a text begins', () => {
    expect(tokenizer.vocabSize).toBe(vocabSize)
    expect(tokenizer.bosId).toBe(kind === 'byte-level-qwen2' ? null : bosId)
  })

  it('labels every id so that it can be told from all others', () => {
    const labels = Array.from({ length: tokenizer.vocabSize }, (_, id) => tokenizer.label(id))
    expect(new Set(labels).size).toBe(labels.length)
    expect(labels.filter(label => label === '' || /[\s\p{C}]/u.test(label))).toEqual([])
  })

  it('renders chats as the reference does', () => {
    expect(tokenizer.hasChatTemplate).toBe(chats.length > 0)
    for (const [messages, addGenerationPrompt, expected] of chats) {
      const render = () => tokenizer.chat(messages, { addGenerationPrompt })
      if (typeof expected === 'string') expect(render()).toBe(expected)
      else expect(render).toThrow(expected.error)
    }
  })
})

describe('pre-tokenizers', async () => {
  const cases = await fixture<SplitCases>('pre-tokenizers')
  const model = { type: 'BPE', vocab: { a: 0 }, merges: [] }
  const rest = { model, added_tokens: [], normalizer: null, post_processor: null, decoder: null }

  it.each(cases)('%s cuts as the reference does', (_, json, texts) => {
    const { pre_tokenizer: split } = buildLibrary({ ...rest, pre_tokenizer: json }, {})
    for (const [text, pieces] of texts) {
      // The reference leaves out pieces of no length.
      const got = text === '' ? [] : split?.pre_tokenize_text(text, { section_index: 0 })
      expect(got).toEqual(pieces)
    }
  })
})

describe('special tokens', () => {
  const load = async (kind: string, config: object): Promise<Tokenizer> => {
    const { files = {} } = await fixture<Fixture>(kind)
    return loadTokenizer(await folder({ ...files, 'tokenizer_config.json': config }))
  }
  const llama = { tokenizer_class: 'LlamaTokenizer', bos_token: '<s>', eos_token: '</s>' }

  it('follow add_bos_token and add_eos_token where transformers does', async () => {
    const ids = async (kind: string, config: object) => (await load(kind, config)).encode('a')
    const a = await ids('sentencepiece-llama2', { ...llama, add_bos_token: false })
    expect(await ids('sentencepiece-llama2', llama)).toEqual([1, ...a])
    expect(await ids('sentencepiece-llama2', { ...llama, add_bos_token: false, add_eos_token: true })).toEqual([
      ...a,
      2,
    ])
    // This file has no post-processor, and this class adds none.
    expect(await ids('sentencepiece-llama2', { ...llama, tokenizer_class: 'PreTrainedTokenizerFast' })).toEqual(a)
  })

  it('fall back on the model type where the config names no class', async () => {
    const { files = {} } = await fixture<Fixture>('sentencepiece-llama2')
    const bare = await loadTokenizer(
      await folder({ 'tokenizer.json': files['tokenizer.json'] ?? {}, 'config.json': { model_type: 'llama' } }),
    )
    expect(bare.encode('')[0]).toBe(1)
  })

  it('refuse a BOS that the vocabulary lacks', async () => {
    await expect(load('sentencepiece-llama2', { ...llama, bos_token: '<gone>' })).rejects.toThrow(
      'tokenizer_config.json: bos_token: expected a token of tokenizer.json, got "<gone>"',
    )
    await expect(load('sentencepiece-llama2', { ...llama, add_bos_token: 'yes' })).rejects.toThrow(
      'tokenizer_config.json: add_bos_token: expected true or false, got "yes"',
    )
  })

  it('take the ids that end a text from the generation config, then the model, then the tokenizer', async () => {
    const { files = {} } = await fixture<Fixture>('sentencepiece-llama2')
    const tokenizer = files['tokenizer.json'] ?? {}
    const eos = async (more: Readonly<Record<string, object>>): Promise<readonly number[]> => {
      return (await loadTokenizer(await folder({ 'tokenizer.json': tokenizer, ...more }))).eosIds
    }
    const inTokenizer = { 'tokenizer_config.json': { eos_token: '</s>' } }
    expect(await eos(inTokenizer)).toEqual([2])
    expect(await eos({ ...inTokenizer, 'config.json': { eos_token_id: 7 } })).toEqual([7])
    expect(
      await eos({
        ...inTokenizer,
        'config.json': { eos_token_id: 7 },
        'generation_config.json': { eos_token_id: [8, 9] },
      }),
    ).toEqual([8, 9])
    expect(await eos({})).toEqual([])
    await expect(eos({ 'generation_config.json': { eos_token_id: 'x' } })).rejects.toThrow(
      'generation_config.json: eos_token_id: expected a list of non-negative integers, got "x"',
    )
  })

  it('that only the config knows become tokens', async () => {
    const tokenizer = await load('sentencepiece-llama2', {
      ...llama,
      added_tokens_decoder: { '900': { content: '<extra>', special: true } },
    })
    expect(tokenizer.vocabSize).toBe(901)
    expect(tokenizer.encode('<extra>')).toEqual([1, 900])
    expect(tokenizer.decode([900], { skipSpecial: true })).toBe('')
    expect(tokenizer.label(900)).toBe('<extra>')
    // Ids between have no token: they decode to nothing, and still have a label.
    expect(tokenizer.decode([899])).toBe('')
    expect(tokenizer.label(899)).toBe('<unused 899>')
  })
})
