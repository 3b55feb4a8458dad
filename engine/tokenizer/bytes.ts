/**
 * Bytes and the characters that stand for them. Byte-level BPE writes each byte as one printable
 * character (GPT-2's table: printable Latin-1 bytes as themselves, the others from U+0100 on);
 * SentencePiece's byte fallback writes `<0xE2>`.
 */

const PRINTABLE: readonly (readonly [number, number])[] = [
  [0x21, 0x7e],
  [0xa1, 0xac],
  [0xae, 0xff],
]

function byteTable(): Map<string, number> {
  const table = new Map<string, number>()
  let stand = 0x100
  for (let byte = 0; byte < 256; byte++) {
    const printable = PRINTABLE.some(([from, to]) => byte >= from && byte <= to)
    table.set(String.fromCharCode(printable ? byte : stand++), byte)
  }
  return table
}

const BYTE_OF_CHAR: ReadonlyMap<string, number> = byteTable()

const encoder = new TextEncoder()
const strictDecoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** The bytes of a byte-level token; a token with characters outside the table stands for itself. */
export function byteLevelBytes(token: string): Uint8Array {
  const bytes: number[] = []
  for (const char of token) {
    const byte = BYTE_OF_CHAR.get(char)
    if (byte === undefined) return encoder.encode(token)
    bytes.push(byte)
  }
  return Uint8Array.from(bytes)
}

/** The byte of a fallback token such as `<0xE2>`, or null. */
export function fallbackByte(token: string): number | null {
  const hex = /^<0x([0-9A-Fa-f]{2})>$/.exec(token)?.[1]
  return hex === undefined ? null : Number.parseInt(hex, 16)
}

/** How byte fallback writes a byte. */
export function fallbackToken(byte: number): string {
  return `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`
}

/** The text of bytes, or null if they are not UTF-8. */
export function strictText(bytes: Uint8Array): string | null {
  try {
    return strictDecoder.decode(bytes)
  } catch {
    return null
  }
}

/** By its first byte: how many bytes a character takes, that byte's share of the code point, and the least it may be. */
function leading(byte: number): readonly [length: number, bits: number, least: number] | null {
  if (byte < 0x80) return [1, byte, 0]
  if (byte >= 0xc0 && byte < 0xe0) return [2, byte & 0x1f, 0x80]
  if (byte >= 0xe0 && byte < 0xf0) return [3, byte & 0x0f, 0x800]
  return byte >= 0xf0 && byte < 0xf8 ? [4, byte & 0x07, 0x10000] : null
}

/**
 * The UTF-8 character that begins at `at`, or null. By hand, because a decoder throws where there is none:
 * over a vocabulary full of bytes that takes a hundred times longer.
 */
function characterAt(bytes: Uint8Array, at: number): { readonly char: string; readonly length: number } | null {
  const lead = leading(bytes[at] ?? 0)
  if (lead === null) return null
  const [length, bits, least] = lead
  let point = bits
  for (let i = 1; i < length; i++) {
    const byte = bytes[at + i] ?? 0
    if ((byte & 0xc0) !== 0x80) return null
    point = (point << 6) | (byte & 0x3f)
  }
  const isSurrogate = point >= 0xd800 && point <= 0xdfff
  if (point < least || point > 0x10ffff || isSurrogate) return null
  return { char: String.fromCodePoint(point), length }
}

/** Bytes as pieces in order: the characters that are there, and each byte that belongs to none. */
export function textAndBytes(bytes: Uint8Array): (string | number)[] {
  const pieces: (string | number)[] = []
  for (let at = 0; at < bytes.length; ) {
    const found = characterAt(bytes, at)
    pieces.push(found?.char ?? bytes[at] ?? 0)
    at += found?.length ?? 1
  }
  return pieces
}
