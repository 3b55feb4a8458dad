/**
 * Text in a vector figure: made safe for XML, shown so that every token can be told from others, and
 * measured roughly. There are no font files at hand here, so widths are estimates (of Helvetica and
 * Arial, on the generous side): they place text, and never cut it.
 */

/** Longest tick label; the middle of a longer one is left out. */
const MAX_LABEL = 28

/** A tick's label: leading space as ·, line ends and control characters as visible signs. */
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

/** Estimated width in units of the font's size. */
export function textWidthEm(text: string): number {
  let width = 0
  for (const character of text) {
    if (/\p{Mark}/u.test(character)) continue
    if (/[ilIjtfr.,:;!'|()[\]·]/.test(character)) width += 0.34
    else if (/[mwMW@%—]/.test(character)) width += 0.88
    else if (/[A-Z]/.test(character)) width += 0.69
    else width += isWide(character) ? 1 : 0.57
  }
  return width
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
  return code === 0x7f ? '\u2421' : character
}

/** The characters of XML 1.0; lone surrogates are among those that are not. */
function isXml(character: string): boolean {
  const code = character.codePointAt(0) ?? 0
  if (code < 0x20) return code === 0x9 || code === 0xa || code === 0xd
  return !(code >= 0xd800 && code <= 0xdfff) && code !== 0xfffe && code !== 0xffff
}

/** East Asian scripts, full-width forms and pictographs take a whole em. */
function isWide(character: string): boolean {
  return /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Extended_Pictographic}！-｠]/u.test(
    character,
  )
}
