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

/** What LaTeX calls pt: 1/72.27 in. */
const TEX_PT = 1 / 72.27

/** Each beside the file that sets it; a column is (\textwidth − \columnsep) / 2. */
export const VENUES: readonly Venue[] = [
  // neurips_2024.sty, neurips_2026.sty: textwidth=5.5in
  { id: 'neurips', name: 'NeurIPS', textIn: 5.5 },
  // iclr2024_conference.sty: \textwidth 5.5 true in
  { id: 'iclr', name: 'ICLR', textIn: 5.5 },
  // colm2024_conference.sty: \textwidth 5.5 true in
  { id: 'colm', name: 'COLM', textIn: 5.5 },
  // icml2025.sty: \textwidth 6.75in, \columnsep 0.25in
  { id: 'icml', name: 'ICML', columnIn: 3.25, textIn: 6.75 },
  // acl.sty: A4 with margin=2.5cm, \columnsep 0.6cm
  { id: 'acl', name: 'ACL, EMNLP, NAACL', columnIn: 77 * MM, textIn: 160 * MM },
  // aaai24.sty: \textwidth 7.0in, \columnsep 0.375in
  { id: 'aaai', name: 'AAAI', columnIn: (7 - 0.375) / 2, textIn: 7 },
  // IEEE's author guide, which rounds IEEEtran.cls: \textwidth 43pc, \columnsep 1pc
  { id: 'ieee', name: 'IEEE', columnIn: 3.5, textIn: 7.16 },
  // acmart.cls, sigconf: \textwidth 506.295pt, \columnsep 2pc
  { id: 'acm', name: 'ACM (sigconf)', columnIn: ((506.295 - 24) / 2) * TEX_PT, textIn: 506.295 * TEX_PT },
  // jmlr2e.sty: \textwidth 6.0 true in
  { id: 'jmlr', name: 'JMLR', textIn: 6 },
  // tmlr.sty: \textwidth 6.5 true in
  { id: 'tmlr', name: 'TMLR', textIn: 6.5 },
  // Nature's research figure guide: 89 mm and 183 mm
  { id: 'nature', name: 'Nature', columnIn: 89 * MM, textIn: 183 * MM },
  // PNAS's guide for figures: 8.7 cm and 17.8 cm
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
