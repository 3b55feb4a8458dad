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

/** Length of the UTF-8 character at `at` as its first byte claims; 0 if none can begin there. */
function claimedLength(byte: number): number {
  if (byte < 0x80) return 1
  if (byte >= 0xc2 && byte <= 0xdf) return 2
  if (byte >= 0xe0 && byte <= 0xef) return 3
  return byte >= 0xf0 && byte <= 0xf4 ? 4 : 0
}

/** Bytes as pieces in order: the characters that are there, and each byte that belongs to none. */
export function textAndBytes(bytes: Uint8Array): (string | number)[] {
  const pieces: (string | number)[] = []
  for (let at = 0; at < bytes.length; ) {
    const byte = bytes[at] ?? 0
    const length = claimedLength(byte)
    const char = length > 0 && at + length <= bytes.length ? strictText(bytes.subarray(at, at + length)) : null
    pieces.push(char ?? byte)
    at += char === null ? 1 : length
  }
  return pieces
}
