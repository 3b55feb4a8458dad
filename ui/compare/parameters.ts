/** What several runs were asked, a row a parameter, and where they differ. Pure. */
import type { ParamSchema, ParamValue } from '../../studies/params.ts'
import type { RunRecord } from '../../studies/runs/events.ts'
import { letterOf, type Side } from './side.ts'

export interface ParameterRow {
  readonly key: string
  readonly label: string
  /** One a run; null where a run has no such parameter. */
  readonly texts: readonly (string | null)[]
  readonly differs: boolean
}

/** What a run stands on besides its parameters, in the order of interest. */
const FACTS: readonly (readonly [key: string, label: string, of: (record: RunRecord) => string])[] = [
  ['study', 'Study', record => record.studyTitle],
  ['model', 'Model', record => record.model.name],
  ['weights', 'Weights', record => record.model.fingerprint.slice(0, 12)],
  ['backend', 'Backend', record => record.backend],
  ['dtype', 'Number type', record => record.dtype],
  ['seed', 'Seed', record => String(record.seed)],
]

/** @param schema the study's parameters, for the names that its form uses */
export function parameterRows(
  sides: readonly Pick<Side, 'record'>[],
  schema: ParamSchema = {},
): readonly ParameterRow[] {
  const records = sides.map(({ record }) => record)
  const facts = FACTS.map(([key, label, of]) => row(key, label, records.map(of)))
  const keys = new Set(records.flatMap(({ params }) => Object.keys(params)))
  const params = [...keys].map(key =>
    row(
      `param:${key}`,
      schema[key]?.label ?? key,
      records.map(({ params: own }) => (own[key] === undefined ? null : textOf(own[key]))),
    ),
  )
  return [...facts, ...params]
}

/** `clean prompt: A “…”, B “…”`, for captions; the runs' differences in a sentence, or that there are none. */
export function differencesInWords(rows: readonly ParameterRow[]): string {
  const differing = rows.filter(isTold)
  if (differing.length === 0) return 'The runs have the same parameters.'
  const each = differing.map(({ label, texts }) => {
    const words = quotes(texts).map((quote, run) => `${letterOf(run)} ${quote ?? 'without'}`)
    return `${lowered(label)}: ${words.join(', ')}`
  })
  return `The runs differ in ${each.join('; ')}.`
}

/**
 * `likewise, with clean prompt “…”`: what a second run's caption says beside the first's.
 *
 * @param rows of the two runs
 * @param firstCaption what it quotes of the first run is not quoted again
 */
export function likewise(rows: readonly ParameterRow[], firstCaption: string): string {
  const each = rows.filter(isTold).map(({ label, texts }) => {
    const [before, after] = quotes(texts)
    if (after === null) return `no ${lowered(label)}`
    const said = before === null || firstCaption.includes(`“${texts[0]}”`)
    return `${lowered(label)} ${after}${said ? '' : ` in place of ${before}`}`
  })
  return each.length === 0 ? 'likewise.' : `likewise, with ${each.join('; ')}.`
}

/** A model's name says what its weights are. */
const isTold = ({ differs, key }: ParameterRow) => differs && key !== 'weights'

/**
 * Where texts part: the lengths of what all begin with and of what all end with, not overlapping. A word
 * that differs counts whole, where it is a word and not a text without spaces. Lengths are in UTF-16 units.
 */
export function commonEnds(texts: readonly string[]): { readonly start: number; readonly end: number } {
  const [first = '', ...others] = texts
  const least = Math.min(...texts.map(text => text.length))
  let start = 0
  while (start < least && others.every(text => text[start] === first[start])) start++
  start = wordStart(texts, start)
  let end = 0
  while (end < least - start && others.every(text => text.at(-1 - end) === first.at(-1 - end))) end++
  return { start, end: wordEnd(texts, end) }
}

/** Longer runs of letters are text without spaces. */
const LONGEST_WORD = 24
/** Halves of surrogate pairs count, so that no pair is parted. */
const IN_WORD = /[\p{L}\p{N}\p{M}\ud800-\udfff]/u

function wordStart(texts: readonly string[], start: number): number {
  const [first = ''] = texts
  const inWord = (at: number) => IN_WORD.test(first.charAt(at))
  if (!texts.some(text => IN_WORD.test(text.charAt(start)))) return start
  let from = start
  while (from > 0 && inWord(from - 1)) from--
  return start - from <= LONGEST_WORD ? from : start
}

function wordEnd(texts: readonly string[], end: number): number {
  const [first = ''] = texts
  const inWord = (fromEnd: number) => IN_WORD.test(first.charAt(first.length - fromEnd))
  if (!texts.some(text => text.length > end && IN_WORD.test(text.charAt(text.length - end - 1)))) return end
  let to = end
  while (to > 0 && inWord(to)) to--
  return end - to <= LONGEST_WORD ? to : end
}

function row(key: string, label: string, texts: readonly (string | null)[]): ParameterRow {
  return { key, label, texts, differs: texts.some(text => text !== texts[0]) }
}

function textOf(value: ParamValue): string {
  if (!Array.isArray(value)) return String(value)
  if (value.length === 0) return 'none'
  return value.map(one => (Array.isArray(one) ? one.join('  |  ') : String(one))).join('\n')
}

/** Long values would make a caption that nobody reads. */
const MAX_QUOTED = 80

/** Of a longer value, what comes before that in which it differs. */
const QUOTED_BEFORE = 30

/** The texts in quotes, of long ones the part in which they differ; null where there is none. */
function quotes(texts: readonly (string | null)[]): readonly (string | null)[] {
  const lines = texts.map(text => text?.replaceAll('\n', '; ') ?? null)
  const known = lines.filter(line => line !== null)
  const { start } = commonEnds(known)
  const before = [...(known[0] ?? '').slice(0, start)].length
  return lines.map(line => {
    if (line === null) return null
    const characters = [...line]
    if (characters.length <= MAX_QUOTED) return `“${line}”`
    const first = Math.max(0, Math.min(before - QUOTED_BEFORE, characters.length - MAX_QUOTED + 1))
    const last = first + MAX_QUOTED - 1
    const part = characters.slice(first, last).join('')
    return `“${first === 0 ? '' : '…'}${part}${last < characters.length ? '…' : ''}”`
  })
}

function lowered(label: string): string {
  return /^\p{Lu}\p{Ll}/u.test(label) ? label.charAt(0).toLowerCase() + label.slice(1) : label
}
