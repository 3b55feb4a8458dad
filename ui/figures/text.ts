/**
 * Text in a figure: made safe for XML, and shown so that every token can be told from others.
 */

/** Longest tick label; the middle of a longer one is left out. */
const MAX_LABEL = 28

/** A tick's label: leading space as ·, line ends, control characters and other unseen ones as visible signs. */
export function tickLabel(tick: string): string {
  const shown = [...tick.replace(/^ +/, spaces => '·'.repeat(spaces.length))].map(visible)
  if (shown.length <= MAX_LABEL) return shown.join('')
  const half = MAX_LABEL / 2
  return `${shown.slice(0, half).join('')}…${shown.slice(-half + 1).join('')}`
}

/** Escaped for XML text and attributes; what XML cannot hold at all becomes U+FFFD. */
export function escapeXml(text: string): string {
  return [...text].map(character => (isXml(character) ? (ENTITIES[character] ?? character) : '\ufffd')).join('')
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
}

function visible(character: string): string {
  const code = character.codePointAt(0) ?? 0
  if (character === '\n') return '⏎'
  if (character === '\t') return '⇥'
  // U+2400 on: a sign for each control character.
  if (code < 0x20) return String.fromCodePoint(0x2400 + code)
  return code === 0x7f ? '\u2421' : showUnseen(character)
}

/**
 * Characters that show nothing, or turn the direction of what follows, by their numbers: `<U+202E>`.
 * Joiners and what emoji are built of stay: they belong to how their neighbours look.
 */
export function showUnseen(text: string): string {
  return text.replace(
    /(?!\u200c|\u200d|[\u{e0020}-\u{e007f}])(?=\p{Default_Ignorable_Code_Point})\p{Cf}/gu,
    character => {
      const code = character.codePointAt(0) ?? 0
      return `<U+${code.toString(16).toUpperCase().padStart(4, '0')}>`
    },
  )
}

/** The characters of XML 1.0; lone surrogates are among those that are not. */
function isXml(character: string): boolean {
  const code = character.codePointAt(0) ?? 0
  if (code < 0x20) return code === 0x9 || code === 0xa || code === 0xd
  return !(code >= 0xd800 && code <= 0xdfff) && code !== 0xfffe && code !== 0xffff
}
