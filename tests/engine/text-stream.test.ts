/** Text as it streams, by real tokenizers of every kind. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { TextStream } from '../../engine/text-stream.ts'
import { loadTokenizer } from '../../engine/tokenizer.ts'
import type { Tokenizer } from '../../engine/tokenizer-types.ts'
import { folder } from './checkpoint/folders.ts'

const FIXTURES = fileURLToPath(new URL('../fixtures/tokenizers/', import.meta.url))
const KINDS = readdirSync(FIXTURES)
  .map(name => name.replace('.json.gz', ''))
  .filter(name => name !== 'pre-tokenizers' && name !== 'embedded')

const TEXTS = [
  'She sells sea shells.',
  ' naïve café — 日本語のテキスト',
  '👩‍👩‍👧 family 😀😀 ok',
  'a\n\n b\t c  d',
  'Ω≈ç√∫˜µ≤ עברית العربية हिन्दी',
]

interface Streamed {
  readonly pieces: string[]
  readonly stopped: boolean
}

function stream(
  tokenizer: Tokenizer,
  prompt: readonly number[],
  ids: readonly number[],
  stops: string[] = [],
): Streamed {
  const text = new TextStream(tokenizer, prompt, stops)
  const pieces: string[] = []
  for (const id of ids) {
    const { text: piece, stopped } = text.push(id)
    pieces.push(piece)
    if (stopped) return { pieces, stopped }
  }
  pieces.push(text.end())
  return { pieces, stopped: false }
}

describe.each(KINDS)('%s', async kind => {
  const { files }: { files: Record<string, object> } = JSON.parse(
    gunzipSync(readFileSync(join(FIXTURES, `${kind}.json.gz`))).toString(),
  )
  const tokenizer = await loadTokenizer(await folder(files))
  const encode = (text: string) => tokenizer.encode(text, { specialTokens: false })

  it.each(TEXTS)('[G3] %j comes whole, wherever the prompt ends, and no character is cut', text => {
    const ids = encode(text)
    const whole = tokenizer.decode(ids)
    for (let cut = 0; cut < ids.length; cut++) {
      const before = tokenizer.decode(ids.slice(0, cut))
      const { pieces } = stream(tokenizer, ids.slice(0, cut), ids.slice(cut))
      // A prompt that ends within a character: its replacement gives way to the character.
      const settled = whole.startsWith(before) ? before : before.replace(/\uFFFD+$/u, '')
      expect(settled + pieces.join('')).toBe(whole)
      if (!whole.includes('\uFFFD')) expect(pieces.filter(piece => piece.includes('\uFFFD'))).toEqual([])
    }
  })

  it('[G4] the text ends before a stop string that spans tokens, and none of it shows', () => {
    const text = 'one two three four five'
    const ids = encode(text)
    const whole = tokenizer.decode(ids)
    const { pieces, stopped } = stream(tokenizer, [], ids, ['zzz', 'ree fo', 'four'])
    expect(stopped).toBe(true)
    expect(pieces.join('')).toBe(whole.slice(0, whole.indexOf('ree fo')))
    // A stop string that only seems to begin costs nothing.
    const near = stream(tokenizer, [], ids, ['three fox', 'fivefold'])
    expect(near.stopped).toBe(false)
    expect(near.pieces.join('')).toBe(whole)
  })
})

describe('bytes', async () => {
  const { files }: { files: Record<string, object> } = JSON.parse(
    gunzipSync(readFileSync(join(FIXTURES, 'byte-level-gpt2.json.gz'))).toString(),
  )
  const tokenizer = await loadTokenizer(await folder(files))
  const bytesOf = (text: string) =>
    Array.from(new TextEncoder().encode(text), byte => {
      const label = byte >= 0x80 ? `<0x${byte.toString(16).toUpperCase()}>` : String.fromCharCode(byte)
      for (let id = 0; id < tokenizer.vocabSize; id++) if (tokenizer.label(id) === label) return id
      throw new Error(`no token for byte ${byte}`)
    })

  it('[G3] a character of four tokens shows when its last one comes', () => {
    const { pieces } = stream(tokenizer, [], bytesOf('a😀b'))
    expect(pieces).toEqual(['a', '', '', '', '😀', 'b', ''])
  })

  it('[G3] bytes that stay no character show at the end', () => {
    const { pieces } = stream(tokenizer, [], bytesOf('a😀').slice(0, 4))
    expect(pieces.slice(0, 4)).toEqual(['a', '', '', ''])
    expect(pieces[4]).toMatch(/^\uFFFD+$/u)
  })
})
