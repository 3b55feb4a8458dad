/**
 * A picture of a run as a file: the one way that the command line and the server share, so that both
 * give the same bytes.
 */
import { StudyError, UsageError } from '../../engine/errors.ts'
import type { RunSnapshot } from '../../studies/runs/events.ts'
import { draftCaption, runFacts } from './caption.ts'
import type { ColourRange } from './colours.ts'
import { type DrawOptions, drawPicture, textsOf } from './draw.ts'
import { loadFonts } from './fonts/font-set.ts'
import { shape } from './fonts/shape.ts'
import { figureTex } from './latex.ts'
import type { Measure } from './metrics.ts'
import { type Annotation, figureOf, type PicturePanel, pictureOf } from './picture.ts'
import type { PictureFormat } from './picture-formats.ts'
import type { Scene } from './scene.ts'
import { placeOf } from './shown.ts'
import { type PictureView, WHOLE } from './view.ts'
import { scenePdf } from './write-pdf.ts'
import { scenePng } from './write-png.ts'
import { sceneSvg } from './write-svg.ts'

export interface PictureOptions {
  /** @default 6.75, two columns of common venues; see `VENUES` */
  readonly widthIn?: number
  /** Size of labels. @default 8 */
  readonly fontPt?: number
  /** The figure's whole group as panels (a), (b), (c). @default false */
  readonly panels?: boolean
  /** @default false: papers put it in the caption */
  readonly title?: boolean
  /** @default false */
  readonly caption?: boolean
  /** Of the PNG. @default 300 */
  readonly dpi?: number
  readonly annotations?: readonly Annotation[]
  /** Which cells, which way round, in which colours. @default all, as the study has them */
  readonly view?: PictureView
  /** Values at the ends of the colour scale, so that pictures can share one. @default those of all values of the group */
  readonly scale?: ColourRange
  /** Path of a font file to draw in, before the built-in ones. */
  readonly font?: string
  /** Sentences after the caption of the LaTeX file. @default model, prompts and counts of the run */
  readonly facts?: string
  /** Name of the PDF that the LaTeX file includes. @default the run's id and the figure's */
  readonly pdfFile?: string
}

export interface PictureFile {
  readonly content: Buffer
  /** What the reader should know: characters that no font has. */
  readonly notes: readonly string[]
  readonly scene: Scene
}

export const DEFAULT_WIDTH_IN = 6.75
const DEFAULT_FONT_PT = 8
const DEFAULT_DPI = 300
/** Wider than the one column of any venue with two. */
const ONE_COLUMN_IN = 3.6

/** @throws StudyError for a figure that the run does not have, or an annotation outside of it */
export async function exportPicture(
  snapshot: RunSnapshot,
  figure: string,
  format: PictureFormat,
  options: PictureOptions = {},
): Promise<PictureFile> {
  const { panels = false, scale: ends = null, view = WHOLE } = options
  const picture = pictureOf(snapshot, figure, { panels, ends, view })
  const draw: DrawOptions = {
    widthIn: options.widthIn ?? DEFAULT_WIDTH_IN,
    fontPt: options.fontPt ?? DEFAULT_FONT_PT,
    title: options.title ?? false,
    caption: options.caption ?? false,
    annotations: (options.annotations ?? []).map(note => placed(picture.panels, note)),
  }
  const fonts = await loadFonts(textsOf(picture, draw), options.font)
  const widths = new Map<string, number>()
  const measure: Measure = text => {
    const known = widths.get(text) ?? shape(fonts, text).widthEm
    widths.set(text, known)
    return known
  }
  const scene = drawPicture(picture, draw, measure)
  const notes =
    fonts.missing.length === 0
      ? []
      : [`No font at hand has ${fonts.missing.map(codeNames).join(', ')}: drawn as □. A font file that has them helps.`]
  const write: Record<PictureFormat, () => Promise<Buffer>> = {
    svg: async () => Buffer.from(await sceneSvg(scene, fonts)),
    pdf: () => scenePdf(scene, fonts, new Date(snapshot.record.createdAt)),
    png: () => scenePng(scene, fonts, options.dpi ?? DEFAULT_DPI),
    tex: async () => {
      const specs = picture.panels.map(({ spec }) => spec)
      const words = draftCaption(specs)
      return Buffer.from(
        figureTex({
          file: options.pdfFile ?? `${snapshot.record.id}-${figure}.pdf`,
          widthIn: draw.widthIn,
          caption: `${words} ${options.facts ?? runFacts(snapshot.record, specs, words)}`.trim(),
          label: `${snapshot.record.study}-${figure}`,
          wide: draw.widthIn > ONE_COLUMN_IN,
        }),
      )
    },
  }
  return { content: await write[format](), notes, scene }
}

/** `row,column=text`, or `FIGURE:row,column=text` where the picture has several panels. */
export function parseAnnotation(text: string, figure: string): Annotation {
  const [, id = figure, row, column, words = ''] = /^(?:([\w-]+):)?(\d+),(\d+)(?:=(.*))?$/s.exec(text) ?? []
  if (row === undefined || column === undefined) {
    throw new UsageError(`annotate: expected ROW,COLUMN=TEXT or FIGURE:ROW,COLUMN=TEXT, got ${text}`)
  }
  return { figure: id, row: Number(row), column: Number(column), text: words }
}

/**
 * `LOW:HIGH`
 * @throws UsageError
 */
export function parseScale(text: string): ColourRange {
  const [low = Number.NaN, high = Number.NaN, ...more] = text
    .split(':')
    .map(end => (end.trim() === '' ? Number.NaN : Number(end)))
  if (low < high && Number.isFinite(high - low) && more.length === 0) return [low, high]
  throw new UsageError(`scale: expected the values at its ends, the lower first, such as -1:1, got ${text}`)
}

/** Where the cell stands in the picture: rows and columns are given as they are in the figure. */
function placed(panels: readonly PicturePanel[], note: Annotation): Annotation {
  const { shown } = figureOf(panels, note.figure)
  const { x, y } = shown.spec
  const [rows, columns] = [y.ticks.length, x.ticks.length]
  const got = `got ${note.row},${note.column}`
  if (note.row >= rows || note.column >= columns) {
    throw new StudyError(`annotate ${note.figure}: expected a row under ${rows} and a column under ${columns}, ${got}`)
  }
  const place = placeOf(shown, note.row * columns + note.column)
  if (place === null) throw new StudyError(`annotate ${note.figure}: expected a cell that is shown, ${got}`)
  return { ...note, ...place }
}

function codeNames(cluster: string): string {
  return [...cluster]
    .map(character => `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`)
    .join('+')
}
