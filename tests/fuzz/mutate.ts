/** Seeded damage to bytes and JSON: the same seed does the same damage, so that a finding can be looked at again. */

export type Random = () => number

/** A small generator of numbers from 0 up to 1 (mulberry32): quality enough for damage, and seeded by one number. */
export function seeded(seed: number): Random {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}

export function below(random: Random, limit: number): number {
  return Math.floor(random() * limit)
}

export function pick<T>(random: Random, list: readonly T[], fallback: T): T {
  return list[below(random, list.length)] ?? fallback
}

/** Values that loaders trip over. */
const VALUES: readonly unknown[] = [
  null,
  true,
  false,
  0,
  1,
  -1,
  2,
  7,
  0.5,
  255,
  2 ** 31,
  2 ** 32,
  2 ** 53,
  1e308,
  -1e308,
  '',
  'a',
  ' ',
  'F32',
  'BF16',
  'I64',
  'F4',
  '__proto__',
  'constructor',
  'toString',
  '../x',
  'x.safetensors',
  '(',
  '[',
  '\\',
  '(?<a>.)',
  '▁',
  '\u{1F600}',
  '\0',
  '<0x41>',
  [],
  {},
  [[]],
  [null],
  [0, 8],
  [1, 2, 3],
  { type: 'Sequence' },
  { type: 'ByteLevel' },
  { String: '' },
  { Regex: '' },
]

const KEYS = ['type', '__proto__', 'constructor', 'shape', 'dtype', 'vocab', 'content', 'id', '', 'length']

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** A copy of a JSON value with one place changed, removed, doubled or added; places near the top are likelier. */
export function mutateJson(value: unknown, random: Random): unknown {
  const inside = random() < 0.85
  if (Array.isArray(value) && value.length > 0 && inside) {
    const list: unknown[] = [...value]
    const at = below(random, list.length)
    const what = random()
    if (what < 0.1) list.splice(at, 1)
    else if (what < 0.2) list.splice(at, 0, list[below(random, list.length)])
    else list[at] = mutateJson(list[at], random)
    return list
  }
  if (isObject(value) && Object.keys(value).length > 0 && inside) {
    const entries = Object.entries(value)
    const at = below(random, entries.length)
    const [key, child] = entries[at] ?? ['', null]
    const what = random()
    if (what < 0.08) entries.splice(at, 1)
    else if (what < 0.14) entries[at] = [pick(random, KEYS, ''), child]
    else if (what < 0.2) entries.push([pick(random, KEYS, ''), pick(random, VALUES, null)])
    else entries[at] = [key, mutateJson(child, random)]
    return Object.fromEntries(entries)
  }
  if (typeof value === 'number' && random() < 0.5) return value + pick(random, [1, -1, 2, 8, 0.5, 2 ** 32], 1)
  if (typeof value === 'string' && random() < 0.5) return mutateText(value, random)
  return pick(random, VALUES, null)
}

export function mutateText(text: string, random: Random): string {
  const at = below(random, text.length + 1)
  const what = random()
  if (what < 0.3) return text.slice(0, at) + text.slice(at + 1 + below(random, 4))
  if (what < 0.6)
    return (
      text.slice(0, at) +
      pick(random, ['"', '{', ']', ',', '\\', '0', '(', '+', '\0', '▁', '\ud800'], '"') +
      text.slice(at)
    )
  if (what < 0.8) return text.slice(0, at) + text.slice(below(random, text.length + 1))
  return text.slice(0, at)
}

/** A copy of bytes with one to three places changed, cut, grown or repeated. */
export function mutateBytes(bytes: Uint8Array, random: Random): Uint8Array {
  let result = Buffer.from(bytes)
  for (let n = 1 + below(random, 3); n > 0; n--) {
    const at = below(random, result.length + 1)
    const what = random()
    if (what < 0.4 && at < result.length) result[at] = below(random, 256)
    else if (what < 0.55 && at < result.length) result[at] = (result[at] ?? 0) ^ (1 << below(random, 8))
    else if (what < 0.7) result = result.subarray(0, at)
    else if (what < 0.85)
      result = Buffer.concat([
        result.subarray(0, at),
        Buffer.alloc(1 + below(random, 9), below(random, 256)),
        result.subarray(at),
      ])
    else result = Buffer.concat([result.subarray(0, at), result.subarray(below(random, result.length + 1))])
  }
  return result
}
