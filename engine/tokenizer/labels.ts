/**
 * Tokens as people see them: every id of a vocabulary has a label that no other id has, because two
 * cells of a figure that read the same and are not the same mislead.
 *
 * A space shows as `·`, a newline as `⏎`, a tab as `⇥`. Characters that cannot be seen, and those
 * three themselves where a text really holds them, show as `<U+200B>`; bytes that are no text as
 * `<0xE2>`, a token of no text as `<empty>`. Labels that still agree (a text that spells `<0xE2>` out) end in `#` and the id.
 */
import { byteLevelBytes, fallbackByte, fallbackToken, textAndBytes } from './bytes.ts'

/** How a vocabulary writes text. */
export type Spelling = 'byte-level' | 'sentencepiece' | 'plain'

export interface LabelSource {
  readonly size: number
  readonly spelling: Spelling
  /** The token as the vocabulary writes it; undefined where no token has the id. */
  token(id: number): string | undefined
  /** Added tokens are written as they are, whatever the spelling. */
  isAdded(id: number): boolean
}

const STAND_INS: ReadonlyMap<string, string> = new Map([
  [' ', '·'],
  ['\n', '⏎'],
  ['\t', '⇥'],
])

/**
 * What does not show as itself: control, format, surrogate, private and unassigned characters, separators,
 * blanks that count as letters or marks, and the stand-ins.
 */
const NOT_ITSELF = /[\p{C}\p{Z}\p{Default_Ignorable_Code_Point}\u2800·⏎⇥]/gu

function showChar(char: string): string {
  const hex = (char.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')
  return STAND_INS.get(char) ?? `<U+${hex}>`
}

function showText(text: string): string {
  const label = text.replace(NOT_ITSELF, showChar)
  // A combining mark needs something to stand on.
  return /^\p{M}/u.test(label) ? `◌${label}` : label
}

function showBytes(bytes: Uint8Array): string {
  let label = ''
  let text = ''
  const flush = () => {
    label += showText(text)
    text = ''
  }
  for (const piece of textAndBytes(bytes)) {
    if (typeof piece === 'string') text += piece
    else {
      flush()
      label += fallbackToken(piece)
    }
  }
  flush()
  return label
}

/** The label of an id that no token has. */
export function unusedLabel(id: number): string {
  return `<unused ${id}>`
}

function plainLabel(source: LabelSource, id: number): string {
  const token = source.token(id)
  if (token === undefined) return unusedLabel(id)
  if (source.isAdded(id) || source.spelling === 'plain') return showText(token)
  if (source.spelling === 'byte-level') return showBytes(byteLevelBytes(token))
  const byte = fallbackByte(token)
  return byte === null ? showText(token.replaceAll('▁', ' ')) : fallbackToken(byte)
}

/** The labels of all ids, in order; no two are the same, none is empty. */
export function makeLabels(source: LabelSource): string[] {
  const labels: string[] = []
  const uses = new Map<string, number>()
  for (let id = 0; id < source.size; id++) {
    const label = plainLabel(source, id) || '<empty>'
    labels.push(label)
    uses.set(label, (uses.get(label) ?? 0) + 1)
  }
  for (const [id, label] of labels.entries()) {
    if ((uses.get(label) ?? 0) < 2) continue
    let unique = `${label}#${id}`
    while (uses.has(unique)) unique = `${unique}#`
    uses.set(unique, 1)
    labels[id] = unique
  }
  return labels
}
