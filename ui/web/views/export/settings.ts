/** How a reader exports figures: kept in the browser, because a paper's figures all have one width and one size of letters. */
import { PICTURE_FORMATS, type PictureFormat } from '../../../figures/picture-formats.ts'
import { parseWidth, VENUES } from '../../../figures/venues.ts'
import { keep, kept } from '../../services/storage.ts'
import { createStore, useStore } from '../../services/store.ts'
import type { ExportSource } from './source.ts'

export const DATA_FORMATS = ['csv', 'json', 'npy', 'parquet', 'ipynb'] as const
export type ExportFormat = PictureFormat | (typeof DATA_FORMATS)[number]

export interface ExportSettings {
  readonly format: ExportFormat
  /** A name of `WIDTHS`, or `other`. */
  readonly venue: string
  /** What is typed where no venue is chosen: `3.25in`. */
  readonly width: string
  readonly fontPt: number
  readonly dpi: 300 | 600
  readonly title: boolean
  readonly caption: boolean
  /** The whole group of the figure, or all panels of a comparison. */
  readonly panels: boolean
  /** What the page shows, where that is not the whole figure. */
  readonly view: boolean
  /** The colour scale as it was typed on the page, where it was. */
  readonly scale: boolean
}

const PLAIN: ExportSettings = {
  format: 'pdf',
  venue: 'icml-text',
  width: '6.75in',
  fontPt: 8,
  dpi: 300,
  title: false,
  caption: false,
  panels: true,
  view: true,
  scale: true,
}

export const OTHER_WIDTH = 'other'
export const FONT_SIZES = { min: 4, max: 24 } as const

/** `ICML, one column (3.25 in)`. */
export const WIDTH_CHOICES: readonly { readonly value: string; readonly label: string }[] = [
  ...VENUES.flatMap(({ id, name, columnIn, textIn }) => [
    ...(columnIn === undefined ? [] : [{ value: `${id}-column`, label: `${name}, one column (${inches(columnIn)})` }]),
    { value: `${id}-text`, label: `${name}, full width (${inches(textIn)})` },
  ]),
  { value: OTHER_WIDTH, label: 'Another width' },
]

/** What `width` is in the address of a download. */
export function widthOf({ venue, width }: Pick<ExportSettings, 'venue' | 'width'>): string {
  return venue === OTHER_WIDTH ? width.trim() : venue
}

/** Why these settings cannot be drawn, as a sentence; null where they can. */
export function problemOf(settings: ExportSettings): string | null {
  const { fontPt } = settings
  try {
    parseWidth(widthOf(settings))
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
  const { min, max } = FONT_SIZES
  return fontPt >= min && fontPt <= max ? null : `font size: expected ${min} to ${max} points, got ${fontPt}`
}

export function isPicture(format: ExportFormat): format is PictureFormat {
  return PICTURE_FORMATS.some(known => known === format)
}

/** The settings as parameters of a download's address. */
export function pictureQuery(
  settings: ExportSettings,
  { scale, view }: Pick<ExportSource, 'scale' | 'view'>,
): URLSearchParams {
  const { fontPt, dpi, title, caption, panels, format } = settings
  const query = new URLSearchParams({ width: widthOf(settings), font: String(fontPt) })
  if (format === 'png') query.set('dpi', String(dpi))
  for (const [key, on] of Object.entries({ title, caption, panels })) if (on) query.set(key, '1')
  const scaled = scale !== null && settings.scale
  // A scale's ends are those of its colours.
  for (const [key, text] of view?.query ?? []) if (settings.view || (scaled && key === 'colours')) query.set(key, text)
  if (scaled) query.set('scale', scale.join(':'))
  return query
}

function inches(width: number): string {
  return `${Number(width.toFixed(2))} in`
}

const KEY = 'patchlight.export'

/** What another version of the page left there may be anything. */
function remembered(): ExportSettings {
  try {
    const before: unknown = JSON.parse(kept(KEY) ?? '{}')
    if (typeof before !== 'object' || before === null) return PLAIN
    const known = Object.entries(PLAIN).map(([key, plain]) => {
      const value: unknown = Object.getOwnPropertyDescriptor(before, key)?.value
      return [key, typeof value === typeof plain ? value : plain]
    })
    const settings: ExportSettings = { ...PLAIN, ...Object.fromEntries(known) }
    const isKnown = isPicture(settings.format) || DATA_FORMATS.some(format => format === settings.format)
    return isKnown && problemOf(settings) === null ? settings : PLAIN
  } catch {
    return PLAIN
  }
}

const settings = createStore<ExportSettings>(remembered())

export const useExportSettings = (): ExportSettings => useStore(settings)

export function setExportSettings(change: Partial<ExportSettings>): void {
  settings.set(before => ({ ...before, ...change }))
  keep(KEY, JSON.stringify(settings.get()))
}
