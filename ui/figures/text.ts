/**
 * Text in a figure: made safe for XML, and shown so that every token can be told from others.
 */
import { clusters } from './fonts/clusters.ts'
import type { Measure } from './metrics.ts'

/** Characters of the longest tick label; the middle of a longer one is left out. */
const MAX_LABEL = 28
const MIN_LABEL = 6

/** Nothing would be there to see. */
export const EMPTY = '<empty>'

/** A tick's label: leading space as ·, nothing as `<empty>`, line ends, control characters and other unseen ones as visible signs. */
export function tickLabel(tick: string, longest = MAX_LABEL): string {
  if (tick === '') return EMPTY
  const shown = clusters(tick.replace(/^ +/, spaces => '·'.repeat(spaces.length)))
  if (shown.length <= longest) return shown.map(visible).join('')
  const half = longest / 2
  return [...shown.slice(0, half), '…', ...shown.slice(1 - half)].map(visible).join('')
}

/** As much of a tick's label as is no wider than `widthEm`, in units of its size; six characters at the least. */
export function fittingLabel(tick: string, widthEm: number, measure: Measure): string {
  let longest = MAX_LABEL
  while (longest > MIN_LABEL && measure(tickLabel(tick, longest)) > widthEm) longest -= 2
  return tickLabel(tick, longest)
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

function visible(cluster: string): string {
  return [...cluster].map(visibleCharacter).join('')
}

function visibleCharacter(character: string): string {
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
