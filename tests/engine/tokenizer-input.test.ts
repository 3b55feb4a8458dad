/** Tokenizer files that are missing or damaged, labels of awkward tokens, and chat templates wherever they may lie. */
import { describe, expect, it } from 'vitest'
import { CheckpointError, ShapeError } from '../../engine/errors.ts'
import { loadTokenizer } from '../../engine/tokenizer.ts'
import { type Content, folder } from './checkpoint/folders.ts'

const MODEL = { type: 'BPE', vocab: { a: 0, b: 1, ab: 2, '?': 3 }, merges: ['a b'], unk_token: '?' }
const GOOD = {
  model: MODEL,
  added_tokens: [],
  normalizer: null,
  pre_tokenizer: null,
  post_processor: null,
  decoder: null,
}

const bpe = (change: object) => ({ ...GOOD, model: { ...MODEL, ...change } })
const unigram = (change: object) => ({
  ...GOOD,
  model: {
    type: 'Unigram',
    unk_id: 0,
    vocab: [
      ['?', 0],
      ['a', -1],
    ],
    ...change,
  },
})
const added = (change: object) => ({ ...GOOD, added_tokens: [{ id: 4, content: '<x>', special: true, ...change }] })

function load(tokenizer: Content, more: Readonly<Record<string, Content>> = {}) {
  return folder({ 'tokenizer.json': tokenizer, ...more }).then(loadTokenizer)
}

const REFUSED: readonly (readonly [string, Content, RegExp])[] = [
  ['that is no JSON', '{', /^CheckpointError: tokenizer\.json: expected JSON/],
  ['that is a list', '[]', /expected a JSON object/],
  ['without a model', { added_tokens: [] }, /model: expected an object, got undefined/],
  [
    'of an unsupported type',
    bpe({ type: 'WordLevel' }),
    /model\.type: expected one of BPE, Unigram, WordPiece, got "WordLevel"/,
  ],
  ['without a vocabulary', bpe({ vocab: null }), /model\.vocab: expected an object/],
  ['with an empty vocabulary', bpe({ vocab: {}, merges: [], unk_token: null }), /model\.vocab: expected tokens/],
  ['with a negative id', bpe({ vocab: { a: -1 } }), /model\.vocab: "a": expected a token id, got -1/],
  ['with a huge id', bpe({ vocab: { a: 4e9 } }), /expected a token id, got 4000000000/],
  ['with an id that is text', bpe({ vocab: { a: '0' } }), /expected a token id, got "0"/],
  ['with one id for two tokens', bpe({ vocab: { a: 0, b: 0 } }), /"b": expected an id of its own, got 0/],
  ['whose merges are no list', bpe({ merges: {} }), /model\.merges: expected a list/],
  ['whose merges are no pairs', bpe({ merges: ['a b a'] }), /model\.merges\[0\]: expected two tokens/],
  [
    'whose merges make no token',
    bpe({ merges: ['b a'] }),
    /model\.merges\[0\]: expected tokens of the vocabulary, got "ba"/,
  ],
  ['whose merges are of two kinds', bpe({ merges: ['a b', ['a', 'b']] }), /model\.merges\[1\]: expected one format/],
  ['whose ids would be random', bpe({ dropout: 0.1 }), /model\.dropout: expected none: ids would be random, got 0\.1/],
  ['with endings of words', bpe({ end_of_word_suffix: '</w>' }), /end_of_word_suffix: expected none/],
  [
    'whose unknown token is unknown',
    bpe({ unk_token: 'zz' }),
    /model\.unk_token: expected a token of the vocabulary, got "zz"/,
  ],
  ['whose scores are missing', unigram({ vocab: [['?']] }), /model\.vocab\[0\]: expected a \[token, score\]/],
  ['whose scores are null', unigram({ vocab: [['?', null]] }), /model\.vocab\[0\]/],
  [
    'whose pieces stand twice',
    unigram({
      vocab: [
        ['?', 0],
        ['?', 0],
      ],
    }),
    /model\.vocab\[1\]: expected a token that no other id has/,
  ],
  [
    'whose unknown id is out of range',
    unigram({ unk_id: 9 }),
    /model\.unk_id: expected an id of the vocabulary, got 9/,
  ],
  ['whose added tokens are no list', { ...GOOD, added_tokens: {} }, /added_tokens: expected a list/],
  ['with an added token without an id', added({ id: null }), /added_tokens\[0\]\.id: expected a token id, got null/],
  ['with an added token without text', added({ content: '' }), /added_tokens\[0\]\.content: expected text/],
  ['with an unknown normalizer', { ...GOOD, normalizer: { type: 'Magic' } }, /got: Unknown Normalizer type: Magic/],
  ['with an unknown pre-tokenizer', { ...GOOD, pre_tokenizer: { type: 'Magic' } }, /Unknown PreTokenizer type: Magic/],
  [
    'with an unknown post-processor',
    { ...GOOD, post_processor: { type: 'Magic' } },
    /Unknown PostProcessor type: Magic/,
  ],
  ['with an unknown decoder', { ...GOOD, decoder: { type: 'Magic' } }, /Unknown Decoder type: Magic/],
  ['with a part that is no object', { ...GOOD, decoder: 'ByteLevel' }, /decoder: expected an object, got "ByteLevel"/],
  [
    'with a broken pattern',
    { ...GOOD, pre_tokenizer: { type: 'Split', pattern: { Regex: '(' }, behavior: 'Isolated' } },
    /expected a tokenizer that works, got: Invalid regular expression/,
  ],
  [
    'without a pattern',
    { ...GOOD, pre_tokenizer: { type: 'Split', behavior: 'Isolated' } },
    /pattern: expected a String or Regex/,
  ],
  [
    'with a decoder that replaces nothing',
    { ...GOOD, decoder: { type: 'Sequence', decoders: [{ type: 'Replace', pattern: {}, content: ' ' }] } },
    /decoder\.decoders\[0\]\.pattern: expected a String or Regex, got \{\}/,
  ],
  [
    'with an unknown behaviour',
    { ...GOOD, pre_tokenizer: { type: 'Split', pattern: { String: 'a' }, behavior: 'Odd' } },
    /behavior: expected one of Removed/,
  ],
  [
    'with pieces of no length',
    { ...GOOD, pre_tokenizer: { type: 'FixedLength', length: 0 } },
    /length: expected a positive integer, got 0/,
  ],
  [
    'with a template of nothing',
    { ...GOOD, post_processor: { type: 'TemplateProcessing' } },
    /expected a tokenizer that works/,
  ],
  [
    'with a template of strangers',
    {
      ...GOOD,
      model: { ...MODEL, unk_token: null },
      post_processor: { type: 'TemplateProcessing', single: [{ SpecialToken: { id: '<gone>' } }] },
    },
    /expected a token for every piece/,
  ],
  [
    'with a character map cut short',
    { ...GOOD, normalizer: { type: 'Precompiled', precompiled_charsmap: '/////w==' } },
    /precompiled_charsmap: expected a trie of the length it claims/,
  ],
]

describe('loadTokenizer', () => {
  it.each(REFUSED)('refuses a tokenizer.json %s in one sentence', async (_, tokenizer, message) => {
    const error = await load(tokenizer).catch((caught: unknown) => caught)
    expect(error).toBeInstanceOf(CheckpointError)
    expect(String(error)).toMatch(message)
  })

  it('says what to do when there is no tokenizer.json', async () => {
    await expect(folder({}).then(loadTokenizer)).rejects.toThrow(/expected a tokenizer\.json, got none$/)
    await expect(folder({ 'tokenizer.model': 'x' }).then(loadTokenizer)).rejects.toThrow(
      /got only tokenizer\.model: convert it in Python with AutoTokenizer/,
    )
  })

  it('refuses damaged neighbours', async () => {
    await expect(load(GOOD, { 'tokenizer_config.json': 'x' })).rejects.toThrow(/^tokenizer_config\.json: expected JSON/)
    await expect(load(GOOD, { 'tokenizer_config.json': { eos_token: 3 } })).rejects.toThrow(
      'tokenizer_config.json: eos_token: expected a token, got 3',
    )
    await expect(
      load(GOOD, { 'tokenizer_config.json': { added_tokens_decoder: { x: { content: 'q' } } } }),
    ).rejects.toThrow(/added_tokens_decoder\.x of tokenizer_config\.json\.id: expected a token id/)
  })

  it('loads a small good one, also without the model type, as old files are', async () => {
    for (const type of ['BPE', undefined]) {
      const tokenizer = await load(bpe({ type }))
      expect(tokenizer.encode('abba')).toEqual([2, 1, 0])
      expect(tokenizer.encode('az')).toEqual([0, 3])
      expect(tokenizer.encode('')).toEqual([])
      expect(tokenizer.decode([])).toBe('')
    }
  })

  it('refuses what is no id', async () => {
    const tokenizer = await load(GOOD)
    for (const id of [-1, 0.5, Number.NaN]) {
      expect(() => tokenizer.label(id)).toThrow(ShapeError)
      expect(() => tokenizer.decode([0, id])).toThrow(`token id: expected a whole number from 0, got ${id}`)
    }
  })

  it('takes ids past its last: models have more rows than there are tokens, and may predict any of them', async () => {
    const tokenizer = await load(GOOD)
    expect(tokenizer.vocabSize).toBe(4)
    expect(tokenizer.label(4)).toBe('<unused 4>')
    expect(tokenizer.decode([2, 4, 1, 70_000])).toBe(tokenizer.decode([2, 1]))
  })
})

/** Ids as Hugging Face's `tokenizers` 0.22 gives them. */
describe('added tokens', () => {
  const chars = [...'abx<>▁ \u0085\uFEFF?']
  const vocab = Object.fromEntries([...chars, 'ab'].map((token, id) => [token, id]))
  /** Id of the first added token. */
  const X = chars.length + 1
  const withAdded = (tokens: readonly object[], parts: object = {}) =>
    load({
      ...bpe({ vocab }),
      added_tokens: tokens.map((token, i) => ({ id: X + i, special: false, normalized: false, ...token })),
      ...parts,
    })
  const idsOf = async (tokenizer: ReturnType<typeof withAdded>, ...texts: string[]) => {
    const loaded = await tokenizer
    return texts.map(text => loaded.encode(text))
  }

  it('take the white space of Unicode around them, which a byte order mark is not', async () => {
    const tokenizer = withAdded([{ content: '<x>', lstrip: true, rstrip: true }])
    expect(await idsOf(tokenizer, 'a \u0085<x>\u0085 b', 'a\uFEFF<x>\uFEFFb')).toEqual([
      [0, X, 1],
      [0, 8, X, 8, 1],
    ])
  })

  it('are not swallowed by another that takes white space', async () => {
    const tokenizer = withAdded([
      { content: '<x>', rstrip: true },
      { content: ' ', id: 6 },
    ])
    expect(await idsOf(tokenizer, '<x> a', 'a <x>')).toEqual([
      [X, 6, 0],
      [0, 6, X],
    ])
  })

  it('that are whole words stay apart from what only looks like them', async () => {
    const tokenizer = withAdded([{ content: 'x<', single_word: true }])
    expect(await idsOf(tokenizer, 'x<', 'ax<', ' x< ')).toEqual([[X], [0, 2, 3], [6, X, 6]])
  })

  it('of the normalized text come after those of the text as it is, with or without a normalizer', async () => {
    const tokens = [{ content: '<x' }, { content: '<x>', normalized: true }]
    expect(await idsOf(withAdded(tokens), '<x>')).toEqual([[X, 4]])
    const normalizer = { type: 'Replace', pattern: { String: ' ' }, content: '▁' }
    const tokenizer = withAdded([{ content: 'a b', normalized: true }], { normalizer })
    expect(await idsOf(tokenizer, 'xa bx', 'a▁b')).toEqual([[2, X, 2], [X]])
  })

  it('end the beginning of the text, which alone gets a prefix', async () => {
    const tokenizer = withAdded([{ content: '<x>', normalized: true }], {
      normalizer: { type: 'NFC' },
      pre_tokenizer: { type: 'Metaspace', replacement: '▁', prepend_scheme: 'first', split: true },
    })
    expect(await idsOf(tokenizer, 'a<x>b', '<x>a')).toEqual([
      [5, 0, X, 1],
      [X, 0],
    ])
  })

  it('that only the config calls special, as objects too, are skipped on demand', async () => {
    const tokenizer = await load(added({ content: '<x>', special: false }), {
      'tokenizer_config.json': { additional_special_tokens: [{ content: '<x>', __type: 'AddedToken' }] },
    })
    expect(tokenizer.decode([0, 4], { skipSpecial: true })).toBe('a')
  })

  it('with spaces of their own keep them at the beginning of decoded text', async () => {
    for (const scheme of [{ prepend_scheme: 'always' }, { add_prefix_space: true }]) {
      const decoder = { type: 'Metaspace', replacement: '▁', ...scheme }
      const tokenizer = await withAdded([{ content: '  ' }, { content: '▁▁a' }], { decoder })
      expect([X, X + 1].map(id => tokenizer.decode([id, 0]))).toEqual(['  a', 'aa'])
    }
  })
})

describe('labels', () => {
  it('tell apart what looks alike, in a byte-level vocabulary', async () => {
    const tokens = ['Ġ', '·', 'Â·', 'Ċ', 'ĉ', 'Ġa', 'a', 'â', 'âĢĭ', 'Ìģ', 'č', '<0xE2>', 'ĠĠ', 'âĲ', 'â¬', '<U+200B>']
    const vocab = Object.fromEntries(tokens.map((token, id) => [token, id]))
    const added_tokens = [{ id: tokens.length, content: ' a', special: false }]
    const tokenizer = await load({
      ...bpe({ vocab, merges: [], unk_token: null }),
      decoder: { type: 'ByteLevel' },
      added_tokens,
    })
    const labels = [...tokens, ' a'].map((_, id) => tokenizer.label(id))
    expect(labels).toEqual([
      '·',
      '<0xB7>',
      '<U+00B7>',
      '⏎',
      '⇥',
      '·a#5',
      'a',
      '<0xE2>#7',
      '<U+200B>#8',
      '◌\u0301',
      '<U+000D>',
      '<0xE2>#11',
      '··',
      '<0xE2><0x90>',
      '<0xE2><0xAC>',
      '<U+200B>#15',
      '·a#16',
    ])
  })

  it('tell apart what looks alike, in a SentencePiece vocabulary', async () => {
    const vocab = ['<unk>', '▁', '▁a', 'a', '<0x61>', '<0x0A>', '\n', '·', '▁▁', '\u00a0', '日', '<0xE6>'].map(
      token => [token, 0],
    )
    const tokenizer = await load({ ...unigram({ vocab }), decoder: { type: 'Metaspace', replacement: '▁' } })
    expect(vocab.map((_, id) => tokenizer.label(id))).toEqual([
      '<unk>',
      '·',
      '·a',
      'a',
      '<0x61>',
      '<0x0A>',
      '⏎',
      '<U+00B7>',
      '··',
      '<U+00A0>',
      '日',
      '<0xE6>',
    ])
  })

  it('do not collide with the marks that tell them apart', async () => {
    const vocab = { '<0xE2>': 0, â: 1, '<0xE2>#0': 2, '<0xE2>#1': 3 }
    const tokenizer = await load({ ...bpe({ vocab, merges: [], unk_token: null }), decoder: { type: 'ByteLevel' } })
    expect([0, 1, 2, 3].map(id => tokenizer.label(id))).toEqual(['<0xE2>#0#', '<0xE2>#1#', '<0xE2>#0', '<0xE2>#1'])
  })
})

describe('chat templates', () => {
  const messages = [{ role: 'user', content: 'hi' }] as const
  const chat = async (files: Readonly<Record<string, Content>>): Promise<string> =>
    (await load(GOOD, files)).chat(messages)

  it('are found in each of their places, a file of their own first', async () => {
    const inConfig = { 'tokenizer_config.json': { chat_template: 'config', bos_token: { content: '<b>' } } }
    const inJson = { 'chat_template.json': { chat_template: 'json' } }
    expect(
      await chat({ ...inConfig, ...inJson, 'chat_template.jinja': '{{ bos_token }}{{ messages[0].content }}' }),
    ).toBe('<b>hi')
    expect(await chat({ ...inConfig, ...inJson })).toBe('config')
    expect(await chat(inJson)).toBe('json')
  })

  it('come in lists with a default', async () => {
    const list = (...names: string[]) => ({
      'tokenizer_config.json': { chat_template: names.map(name => ({ name, template: name })) },
    })
    expect(await chat(list('tool_use', 'default'))).toBe('default')
    expect(await chat(list('only'))).toBe('only')
    await expect(chat(list('one', 'other'))).rejects.toThrow(
      /chat_template: expected a template, or a list of named ones/,
    )
  })

  it('that are missing or broken say so', async () => {
    await expect(chat({})).rejects.toThrow(CheckpointError)
    expect((await load(GOOD)).hasChatTemplate).toBe(false)
    await expect(chat({ 'chat_template.jinja': '{% if %}' })).rejects.toThrow(/^chat template: expected to render/)
    await expect(chat({ 'chat_template.jinja': "{{ raise_exception('no system') }}" })).rejects.toThrow('no system')
  })
})
