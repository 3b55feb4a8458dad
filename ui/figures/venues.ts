/**
 * Widths of figures: the column and text widths that common venues' style files set, and lengths as
 * people write them (`3.25in`, `89mm`, `252pt`).
 */
import { UsageError } from '../../engine/errors.ts'
import { nearest } from '../../engine/nearest.ts'

export interface Venue {
  readonly id: string
  readonly name: string
  /** Width of one column; absent where the venue sets one column only. */
  readonly columnIn?: number
  /** Width of the whole text. */
  readonly textIn: number
}

const MM = 1 / 25.4

export const VENUES: readonly Venue[] = [
  { id: 'neurips', name: 'NeurIPS', textIn: 5.5 },
  { id: 'iclr', name: 'ICLR', textIn: 5.5 },
  { id: 'colm', name: 'COLM', textIn: 5.5 },
  { id: 'icml', name: 'ICML', columnIn: 3.25, textIn: 6.75 },
  { id: 'acl', name: 'ACL, EMNLP, NAACL', columnIn: 77 * MM, textIn: 160 * MM },
  { id: 'aaai', name: 'AAAI', columnIn: 3.3, textIn: 7 },
  { id: 'ieee', name: 'IEEE', columnIn: 3.5, textIn: 7.16 },
  { id: 'acm', name: 'ACM (sigconf)', columnIn: 3.33, textIn: 7 },
  { id: 'jmlr', name: 'JMLR', textIn: 6 },
  { id: 'tmlr', name: 'TMLR', textIn: 6.5 },
  { id: 'nature', name: 'Nature', columnIn: 89 * MM, textIn: 183 * MM },
  { id: 'pnas', name: 'PNAS', columnIn: 87 * MM, textIn: 178 * MM },
]

/** Every name that a width may have, with the width in inches. */
export const WIDTHS: ReadonlyMap<string, number> = new Map(
  VENUES.flatMap(({ id, columnIn, textIn }): [string, number][] => [
    ...(columnIn === undefined ? [] : [[`${id}-column`, columnIn] satisfies [string, number]]),
    [`${id}-text`, textIn],
  ]),
)

export const MIN_WIDTH_IN = 1
export const MAX_WIDTH_IN = 40

const INCHES: Readonly<Record<string, number>> = { in: 1, cm: 10 * MM, mm: MM, pt: 1 / 72 }

/**
 * @param text a name of `WIDTHS`, a venue (its column, or its text where it has one column), or a
 *   length in in, cm, mm or pt (1/72 in); a bare number is inches
 * @returns inches
 * @throws UsageError
 */
export function parseWidth(text: string): number {
  const word = text.trim().toLowerCase()
  const venue = VENUES.find(({ id }) => id === word)
  const named = WIDTHS.get(word) ?? venue?.columnIn ?? venue?.textIn
  if (named !== undefined) return named
  const [, number = '', unit = 'in'] = /^(\d+(?:\.\d+)?|\.\d+)\s*(in|cm|mm|pt)?$/.exec(word) ?? []
  const inches = Number(number) * (INCHES[unit] ?? 1)
  if (number === '') {
    const near = nearest(word, [...WIDTHS.keys()], 3).join(', ')
    throw new UsageError(`width: expected a length such as 3.25in or 89mm, or a venue such as ${near}, got ${text}`)
  }
  if (inches >= MIN_WIDTH_IN && inches <= MAX_WIDTH_IN) return inches
  throw new UsageError(`width: expected ${MIN_WIDTH_IN} to ${MAX_WIDTH_IN} inches, got ${text}`)
}
