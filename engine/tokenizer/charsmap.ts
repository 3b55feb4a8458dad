/**
 * SentencePiece's compiled character map, as `tokenizer.json` carries it (`precompiled_charsmap`):
 * 4 bytes of length, a double-array trie of that many bytes that maps UTF-8 sequences to offsets, and
 * the zero-terminated replacements that the offsets point into. Format: Darts-clone, J. Aoe 1989.
 *
 * As in the reference, a grapheme cluster shorter than 6 bytes is looked up whole first, then each
 * character alone; of the entries that begin a text the shortest counts.
 */
import { CheckpointError } from '../errors.ts'

const CLUSTER_BYTES = 6

const encoder = new TextEncoder()
const decoder = new TextDecoder('utf-8', { ignoreBOM: true })

interface Charsmap {
  readonly units: Uint32Array
  readonly replacements: Uint8Array
}

function fail(expected: string): CheckpointError {
  return new CheckpointError(`tokenizer.json: normalizer: precompiled_charsmap: expected ${expected}, got other bytes`)
}

function parse(base64: unknown): Charsmap | null {
  if (base64 === null || base64 === '') return null
  if (typeof base64 !== 'string') throw fail('base64 text')
  const bytes = Uint8Array.from(Buffer.from(base64, 'base64'))
  if (bytes.length < 4) throw fail('a length')
  const trieBytes = new DataView(bytes.buffer).getUint32(0, true)
  if (trieBytes % 4 !== 0 || trieBytes + 4 > bytes.length) throw fail('a trie of the length it claims')
  const units = new Uint32Array(bytes.slice(4, 4 + trieBytes).buffer)
  return { units, replacements: bytes.subarray(4 + trieBytes) }
}

/** The value of the shortest entry that begins `key`, or null. */
function lookup(units: Uint32Array, key: Uint8Array): number | null {
  const offset = (unit: number): number => (unit >>> 10) << ((unit & 0x200) >>> 6)
  let node = offset(units[0] ?? 0)
  for (const byte of key) {
    // The reference ends at a zero byte: no entry holds one.
    if (byte === 0) return null
    node ^= byte
    const unit = units[node] ?? 0
    // A unit's label is its low byte, with the top bit set for values.
    if ((unit & 0x800000ff) >>> 0 !== byte) return null
    node ^= offset(unit)
    if ((unit & 0x100) !== 0) return (units[node] ?? 0) & 0x7fffffff
  }
  return null
}

function replacementAt(replacements: Uint8Array, at: number): string {
  const end = replacements.indexOf(0, at)
  return decoder.decode(replacements.subarray(at, end === -1 ? undefined : end))
}

/**
 * A function that applies a compiled character map to a text; no map changes nothing.
 * @throws CheckpointError if the map is damaged.
 */
export function charsmapNormalizer(base64: unknown): (text: string) => string {
  const map = parse(base64)
  if (map === null) return text => text
  const segmenter = new Intl.Segmenter('en', { granularity: 'grapheme' })
  const found = new Map<string, string | null>()
  const replacement = (piece: string): string | null => {
    const known = found.get(piece)
    if (known !== undefined) return known
    const at = lookup(map.units, encoder.encode(piece))
    const result = at === null ? null : replacementAt(map.replacements, at)
    found.set(piece, result)
    return result
  }
  return text => {
    let result = ''
    for (const { segment } of segmenter.segment(text)) {
      const whole = encoder.encode(segment).length < CLUSTER_BYTES ? replacement(segment) : null
      if (whole !== null) result += whole
      else for (const char of segment) result += replacement(char) ?? char
    }
    return result
  }
}
