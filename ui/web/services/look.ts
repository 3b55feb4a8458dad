/**
 * How a reader looks at figures and tables: the part of a page's state that is neither the run nor the
 * cell. It lives in the address and nowhere else, so that a permalink restores exactly what was seen.
 *
 *   view=line scale=-2:2 transpose=1 …       holds for every figure of the page
 *   resid.view=heat                          holds for the group whose first figure is `resid`
 *   rows.sort=-effect rows.over=effect:0.5   a table's order, and the least size of what it shows
 *
 * What is left out is the default; what makes no sense is ignored, since addresses are typed and grow old.
 */
import {
  COLOURS,
  formatRange,
  formatZoom,
  type PictureView,
  parseRange,
  parseTokens,
  parseZoom,
  WHOLE,
} from '../../figures/view.ts'

export const VIEWS = ['heat', 'line'] as const
export type View = (typeof VIEWS)[number]

/** `auto`: from the values of all linked panels; `own`: from each panel's own; else typed. */
export type ScaleChoice = 'auto' | 'own' | { readonly min: number; readonly max: number }

/** Transposed, a line view changes what runs along and what is averaged. */
export interface FigureLook extends PictureView {
  readonly view: View
  readonly scale: ScaleChoice
}

export interface TableLook {
  readonly sort: { readonly key: string; readonly descending: boolean } | null
  /** Rows whose number in column `key` is at least this far from 0. */
  readonly over: { readonly key: string; readonly least: number } | null
}

export interface Look {
  /** For every figure of the page. */
  readonly all: Partial<FigureLook>
  /** For one group of figures, by its first figure's id: stands before `all`. */
  readonly figures: ReadonlyMap<string, Partial<FigureLook>>
  readonly tables: ReadonlyMap<string, Partial<TableLook>>
}

export const PLAIN_FIGURE: FigureLook = {
  view: 'heat',
  scale: 'auto',
  ...WHOLE,
}
export const PLAIN_TABLE: TableLook = { sort: null, over: null }
export const PLAIN_LOOK: Look = { all: {}, figures: new Map(), tables: new Map() }

/** A page has dozens of figures, never more. */
const MAX_NAMED = 200

/** How a group is looked at. */
export function figureLook(look: Look, group: string): FigureLook {
  return { ...PLAIN_FIGURE, ...look.all, ...look.figures.get(group) }
}

export function tableLook(look: Look, table: string): TableLook {
  return { ...PLAIN_TABLE, ...look.tables.get(table) }
}

/** Looks at one group in another way. What the change makes equal to the page's own way is said no more. */
export function withFigureLook(look: Look, group: string, change: Partial<FigureLook>): Look {
  const base = { ...PLAIN_FIGURE, ...look.all }
  const differs = differences(FIGURE_FIELDS, { ...base, ...look.figures.get(group), ...change }, base)
  return { ...look, figures: replaced(look.figures, group, differs) }
}

export function withTableLook(look: Look, table: string, change: Partial<TableLook>): Look {
  const differs = differences(TABLE_FIELDS, { ...PLAIN_TABLE, ...look.tables.get(table), ...change }, PLAIN_TABLE)
  return { ...look, tables: replaced(look.tables, table, differs) }
}

/** Reads what an address says of a look. */
export function parseLook(search: URLSearchParams): Look {
  const figures = new Map<string, Partial<FigureLook>>()
  const tables = new Map<string, Partial<TableLook>>()
  let all: Partial<FigureLook> = {}
  for (const [key, text] of search) {
    const dot = key.lastIndexOf('.')
    const name = key.slice(0, Math.max(0, dot))
    const field = key.slice(dot + 1)
    if (dot === 0) continue
    if (isFieldOf(FIGURE_FIELDS, field)) {
      const value = FIGURE_FIELDS[field].parse(text)
      if (value === undefined) continue
      if (dot < 0) all = { ...all, [field]: value }
      else if (figures.has(name) || figures.size < MAX_NAMED)
        figures.set(name, { ...figures.get(name), [field]: value })
    } else if (dot > 0 && isFieldOf(TABLE_FIELDS, field)) {
      const value = TABLE_FIELDS[field].parse(text)
      if (value === undefined) continue
      if (tables.has(name) || tables.size < MAX_NAMED) tables.set(name, { ...tables.get(name), [field]: value })
    }
  }
  return { all, figures, tables }
}

/** A look as parameters of an address, in an order of their own. */
export function formatLook(look: Look): (readonly [key: string, text: string])[] {
  return [
    ...pairs('', FIGURE_FIELDS, look.all),
    ...[...look.figures].flatMap(([name, own]) => pairs(`${name}.`, FIGURE_FIELDS, own)),
    ...[...look.tables].flatMap(([name, own]) => pairs(`${name}.`, TABLE_FIELDS, own)),
  ]
}

/** What a picture takes of a look, as parameters of a download's address. */
export function formatView({ transpose, layers, tokens, zoom, colours }: PictureView): [key: string, text: string][] {
  const asked = { ...PLAIN_FIGURE, transpose, layers, tokens, zoom, colours }
  return pairs('', FIGURE_FIELDS, differences(FIGURE_FIELDS, asked, PLAIN_FIGURE))
}

/** How a field stands in an address; `undefined` for a text that says nothing. */
interface Field<T> {
  parse(text: string): T | undefined
  format(value: T): string
}
type Fields<T> = { readonly [K in keyof T]: Field<T[K]> }

const FIGURE_FIELDS: Fields<FigureLook> = {
  view: { parse: text => VIEWS.find(view => view === text), format: view => view },
  scale: { parse: parseScale, format: scale => (typeof scale === 'string' ? scale : `${scale.min}:${scale.max}`) },
  colours: {
    parse: text => (text === 'study' ? null : COLOURS.find(colours => colours === text)),
    format: colours => colours ?? 'study',
  },
  transpose: {
    parse: text => (text === '1' ? true : text === '0' ? false : undefined),
    format: transpose => (transpose ? '1' : '0'),
  },
  layers: {
    parse: text => (text === 'all' ? null : parseRange(text)),
    format: layers => (layers === null ? 'all' : formatRange(layers)),
  },
  tokens: { parse: parseTokens, format: tokens => tokens },
  zoom: {
    parse: text => (text === 'all' ? { x: null, y: null } : parseZoom(text)),
    format: formatZoom,
  },
}

const TABLE_FIELDS: Fields<TableLook> = {
  sort: {
    parse: text => {
      const key = text.replace(/^[-+]/, '')
      return text === '' ? null : key === '' ? undefined : { key, descending: text.startsWith('-') }
    },
    // A plus sign is ugly in an address: it stands only where the key begins like one of the two.
    format: sort => (sort === null ? '' : `${sort.descending ? '-' : /^[-+]/.test(sort.key) ? '+' : ''}${sort.key}`),
  },
  over: {
    parse: text => {
      if (text === '') return null
      const colon = text.lastIndexOf(':')
      const least = parseNumber(text.slice(colon + 1))
      return colon > 0 && least !== undefined && least >= 0 ? { key: text.slice(0, colon), least } : undefined
    },
    format: over => (over === null ? '' : `${over.key}:${over.least}`),
  },
}

function parseScale(text: string): ScaleChoice | undefined {
  if (text === 'auto' || text === 'own') return text
  const [low, high, more] = text.split(':')
  const min = parseNumber(low)
  const max = parseNumber(high)
  return more === undefined && min !== undefined && max !== undefined && min < max ? { min, max } : undefined
}

function parseNumber(text: string | undefined): number | undefined {
  if (text === undefined || text.trim() === '') return undefined
  const value = Number(text)
  return Number.isFinite(value) ? value : undefined
}

function isFieldOf<T extends object>(fields: T, field: string): field is Extract<keyof T, string> {
  return Object.hasOwn(fields, field)
}

function pairs<T extends object>(prefix: string, fields: Fields<T>, values: Partial<T>): [string, string][] {
  const found: [string, string][] = []
  for (const field in fields) {
    const value = values[field]
    if (value !== undefined) found.push([`${prefix}${field}`, fields[field].format(value)])
  }
  return found
}

/** The fields of `values` that `base` does not have so. */
function differences<T extends object>(fields: Fields<T>, values: T, base: T): Partial<T> {
  const found: Partial<T> = {}
  for (const field in fields) {
    const { format } = fields[field]
    if (format(values[field]) !== format(base[field])) found[field] = values[field]
  }
  return found
}

function replaced<T extends object>(map: ReadonlyMap<string, T>, key: string, value: T): ReadonlyMap<string, T> {
  const next = new Map(map)
  if (Object.keys(value).length === 0) next.delete(key)
  else next.set(key, value)
  return next
}
