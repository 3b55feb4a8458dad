/**
 * The fonts that figures are drawn in: one table, in the order in which they are asked for a
 * character. All are under the SIL Open Font License and come as npm packages, cut in slices by
 * script, so that only the slices a figure needs are opened. Arimo is first because it has the
 * widths of Arial and Helvetica, which most venues ask for.
 */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

const require = createRequire(import.meta.url)

export type Weight = 400 | 700

export interface FontPackage {
  /** The name that style sheets and font lists know it by. */
  readonly family: string
  /** Its `unicode.json`: the characters of each slice. */
  readonly manifest: () => string
  /** First words of its files' names. */
  readonly slug: string
  /** A variable font is pinned to weight 400. */
  readonly variable: boolean
  readonly weights: readonly Weight[]
  /** The slice that holds all of it, whatever the manifest says. */
  readonly onlySlice?: string
}

export const FONT_PACKAGES: readonly FontPackage[] = [
  {
    family: 'Arimo',
    manifest: () => require.resolve('@fontsource/arimo/unicode.json'),
    slug: 'arimo',
    variable: false,
    weights: [400, 700],
  },
  {
    family: 'Noto Sans Devanagari',
    manifest: () => require.resolve('@fontsource-variable/noto-sans-devanagari/unicode.json'),
    slug: 'noto-sans-devanagari',
    variable: true,
    weights: [400],
  },
  {
    family: 'Noto Sans Arabic',
    manifest: () => require.resolve('@fontsource-variable/noto-sans-arabic/unicode.json'),
    slug: 'noto-sans-arabic',
    variable: true,
    weights: [400],
  },
  {
    family: 'Noto Sans Math',
    manifest: () => require.resolve('@fontsource/noto-sans-math/unicode.json'),
    slug: 'noto-sans-math',
    variable: false,
    weights: [400],
    onlySlice: 'latin',
  },
  {
    family: 'Noto Sans Symbols 2',
    manifest: () => require.resolve('@fontsource/noto-sans-symbols-2/unicode.json'),
    slug: 'noto-sans-symbols-2',
    variable: false,
    weights: [400],
  },
  {
    family: 'Noto Sans SC',
    manifest: () => require.resolve('@fontsource-variable/noto-sans-sc/unicode.json'),
    slug: 'noto-sans-sc',
    variable: true,
    weights: [400],
  },
  {
    family: 'Noto Sans KR',
    manifest: () => require.resolve('@fontsource-variable/noto-sans-kr/unicode.json'),
    slug: 'noto-sans-kr',
    variable: true,
    weights: [400],
  },
  {
    family: 'Noto Emoji',
    manifest: () => require.resolve('@fontsource-variable/noto-emoji/unicode.json'),
    slug: 'noto-emoji',
    variable: true,
    weights: [400],
  },
]

type Range = readonly [first: number, last: number]

export interface Slice {
  readonly file: string
  readonly ranges: readonly Range[]
}

const slices = new Map<string, readonly Slice[]>()

/** The slices of a font in a weight, each with the characters that it is said to hold. */
export function slicesOf(font: FontPackage, weight: Weight): readonly Slice[] {
  const key = `${font.family} ${weight}`
  const known = slices.get(key)
  if (known !== undefined) return known
  const manifest = font.manifest()
  const table: Readonly<Record<string, string>> = JSON.parse(readFileSync(manifest, 'utf8'))
  const axis = font.variable ? 'wght' : String(weight)
  const entries = font.onlySlice === undefined ? Object.entries(table) : [[font.onlySlice, 'U+20-10FFFF'] as const]
  const found = entries.map(
    ([name, ranges]): Slice => ({
      file: join(dirname(manifest), 'files', `${font.slug}-${name.replace(/[[\]]/g, '')}-${axis}-normal.woff2`),
      ranges: ranges.split(',').map(parseRange),
    }),
  )
  slices.set(key, found)
  return found
}

export function holds({ ranges }: Slice, codePoint: number): boolean {
  return ranges.some(([first, last]) => codePoint >= first && codePoint <= last)
}

/** `U+4E00-4E8D` or `U+20`. */
function parseRange(text: string): Range {
  const [first = '', last = first] = text.trim().replace(/^U\+/i, '').split('-')
  return [Number.parseInt(first, 16), Number.parseInt(last, 16)]
}
