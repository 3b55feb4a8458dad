/** One line that tells a run from its neighbours, made from its parameters. */
import type { ParamValue } from '../params.ts'

const TEXT_LENGTH = 72
const TITLE_LENGTH = 140

function shorten(text: string, length: number): string {
  const line = text.replaceAll(/\s+/g, ' ').trim()
  return line.length <= length ? line : `${line.slice(0, length - 1)}…`
}

function isProse(value: ParamValue): boolean {
  return Array.isArray(value) ? value.length > 0 : typeof value === 'string' && value.trim().includes(' ')
}

function prose(value: ParamValue): string {
  if (!Array.isArray(value)) return shorten(String(value), TEXT_LENGTH)
  const [first] = value
  const text = shorten(Array.isArray(first) ? first.join(' / ') : String(first), TEXT_LENGTH)
  return value.length === 1 ? text : `${text} and ${value.length - 1} more`
}

/**
 * The first prompt, then the short values: `the time is 9 am · layers=0-3 · metric=logit`.
 * @param usual values that go without saying
 */
export function runTitle(
  params: Readonly<Record<string, ParamValue>>,
  usual: Readonly<Record<string, ParamValue>> = {},
): string {
  const entries = Object.entries(params)
  const main = entries.find(([, value]) => isProse(value))
  const details = entries
    .filter(([key, value]) => !isProse(value) && !Array.isArray(value) && value !== '' && value !== usual[key])
    .map(([key, value]) => `${key}=${value}`)
  return shorten([...(main === undefined ? [] : [prose(main[1])]), ...details].join(' · '), TITLE_LENGTH)
}

/** A page holds the words of every run: what distinguishes runs stands at the beginning of their prompts. */
const WORDS_LENGTH = 1000

/** The texts among the values, one after another, for searching. */
export function runWords(params: Readonly<Record<string, ParamValue>>): string {
  const texts = Object.values(params).flatMap(value => (Array.isArray(value) ? value.flat() : [value]))
  const prompts = texts.filter(text => typeof text === 'string').filter(isProse)
  return shorten([...new Set(prompts)].join(' '), WORDS_LENGTH)
}
