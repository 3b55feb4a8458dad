/**
 * `patchlight export`: a run's pictures for a paper, and the numbers behind them. The server's
 * downloads are the same bytes.
 */
import { extname, join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { UsageError } from '../../engine/errors.ts'
import { nearest } from '../../engine/nearest.ts'
import { ARCHIVE_ENDING, packRun } from '../../studies/runs/archive.ts'
import type { RunSnapshot } from '../../studies/runs/events.ts'
import { readRun } from '../../studies/runs/folder.ts'
import { DATA_FORMATS, type DataFormat, exportData } from '../figures/export-data.ts'
import { exportPicture, type PictureOptions, parseAnnotation, parseScale } from '../figures/export-picture.ts'
import { figureOf, pictureIds } from '../figures/picture.ts'
import { PICTURE_FORMATS, type PictureFormat } from '../figures/picture-formats.ts'
import { parseWidth, WIDTHS } from '../figures/venues.ts'
import { parseView } from '../figures/view.ts'
import { given, JSON_OPTION, RUNS_OPTION } from './common-options.ts'
import { fileStem, placeFor } from './out-place.ts'
import { defineCommand } from './parse.ts'
import { RUN_ARGUMENT } from './resume.ts'
import { findRun } from './run-ref.ts'
import { writeWhole } from './write-whole.ts'

const FORMATS = [...PICTURE_FORMATS, ...DATA_FORMATS, 'archive'] as const
type Format = (typeof FORMATS)[number]

interface File {
  readonly name: string
  readonly content: Buffer
}

export const exportRun = defineCommand({
  name: 'export',
  summary:
    'Writes a run’s figures as SVG, PDF, PNG or LaTeX, its numbers as CSV, JSON, Parquet, npy or a notebook, or all of it as one file.',
  details:
    'Without --figure, every picture of the run (figures of one group as panels), or all of its numbers.\n' +
    'tex comes with the PDF that it includes, ipynb with the JSON that it loads.\n' +
    'archive is the whole run as one .patchlight file, written to the current folder, for patchlight import.\n' +
    `Widths by name: ${[...WIDTHS.keys()].join(', ')}.`,
  arguments: [RUN_ARGUMENT],
  options: {
    figure: { type: 'text', value: 'ID', help: 'One figure (patchlight show RUN lists them).' },
    format: {
      type: 'text',
      value: 'NAME',
      help: `${FORMATS.join(', ')}. Default: as the name given by --out ends, else pdf.`,
    },
    out: {
      type: 'text',
      value: 'PATH',
      help: 'File to write, or folder for several files. Default: the folder figures of the run.',
    },
    width: {
      type: 'text',
      value: 'WIDTH',
      help: 'Width of the picture: 3.25in, 89mm, 252pt, or a venue such as icml-column. Default: 6.75in.',
    },
    'font-size': { type: 'number', value: 'POINTS', min: 4, max: 24, fraction: true, help: 'Labels. Default: 8.' },
    font: { type: 'text', value: 'FILE', help: 'Font file to draw in, before the built-in fonts.' },
    dpi: { type: 'number', value: 'N', min: 72, max: 1200, help: 'Resolution of png. Default: 300.' },
    scale: {
      type: 'text',
      value: 'LOW:HIGH',
      help: 'Values at the ends of the colour scale, such as -1:1. Default: those of the group’s values.',
    },
    layers: { type: 'text', value: 'FIRST-LAST', help: 'Layers to draw, counted from 0, such as 2-4. Default: all.' },
    tokens: { type: 'text', value: 'TEXT', help: 'Draw only tokens (else components, neurons) that hold this text.' },
    zoom: { type: 'text', value: 'RANGES', help: 'Columns and rows to draw, counted from 0, such as x0-3,y1-2.' },
    transpose: { type: 'switch', help: 'Rows become columns.' },
    colours: { type: 'text', value: 'NAME', help: 'diverging or sequential. Default: as the study says.' },
    panels: { type: 'switch', help: 'Draw the whole group of --figure as panels (a), (b), (c).' },
    title: { type: 'switch', help: 'Draw the title above the picture.' },
    caption: { type: 'switch', help: 'Draw the caption below the picture.' },
    annotate: {
      type: 'list',
      value: 'ROW,COLUMN=TEXT',
      help: 'Frame a cell, counted from 0, and write beside it; FIGURE:ROW,COLUMN=TEXT among panels. May be repeated.',
    },
    runs: RUNS_OPTION,
    json: JSON_OPTION,
  },
  async run(options, [reference = ''], output) {
    const { runsDir, id } = findRun(reference, options.runs)
    const dir = join(runsDir, id)
    const snapshot = readRun(dir)
    const format = formatOf(options.format, options.out)
    const figure = options.figure
    if (figure !== undefined) figureOf(snapshot.figures, figure)
    const { layers, tokens, zoom, colours, transpose } = options
    const view = parseView({ layers, tokens, zoom, colours }, transpose)
    const picture: PictureOptions = {
      view,
      panels: options.panels || figure === undefined,
      title: options.title,
      caption: options.caption,
      ...given('widthIn', options.width === undefined ? undefined : parseWidth(options.width)),
      ...given('fontPt', options['font-size']),
      ...given('scale', options.scale === undefined ? undefined : parseScale(options.scale)),
      ...given('font', options.font),
      ...given('dpi', options.dpi),
    }
    if (options.annotate.length > 0 && figure === undefined) {
      throw new UsageError('export --annotate: expected --figure ID with it, got none')
    }
    if (format === 'archive' && figure !== undefined) {
      throw new UsageError('export --figure: an archive holds the whole run; leave it out')
    }
    const asked = Object.entries({ layers, tokens, zoom, colours, transpose: transpose || undefined })
    const [narrowed] = asked.find(([, value]) => value !== undefined) ?? []
    if (narrowed !== undefined && !isPicture(format)) {
      throw new UsageError(`export --${narrowed}: it is for pictures, ${format} holds all numbers; leave it out`)
    }
    const notes = new Set<string>()
    const stem = fileStem(options.out)
    const files: File[] = []
    if (isPicture(format)) {
      const annotations = options.annotate.map(text => parseAnnotation(text, figure ?? ''))
      for (const each of figure === undefined ? pictureIds(snapshot) : [figure]) {
        const made = await pictureFiles(snapshot, each, format, { ...picture, annotations }, stem)
        for (const note of made.notes) notes.add(note)
        files.push(...made.files)
      }
    } else if (format === 'archive') {
      files.push({ name: `${stem ?? id}${ARCHIVE_ENDING}`, content: await buffer(packRun(dir, id)) })
    } else files.push(...dataFiles(snapshot, format, figure, stem))

    const several = files.filter(({ name }) => extname(name) === `.${format}`).length > 1
    const folder = placeFor('export', options.out, format === 'archive' ? '.' : join(dir, 'figures'), several)
    const written = files.map(({ name, content }) => ({
      path: writeWhole(folder, name, content),
      bytes: content.length,
    }))
    if (options.json) output.json({ run: id, format, files: written, notes: [...notes] })
    else for (const { path, bytes } of written) output.line(`${path}  ${(bytes / 1000).toFixed(1)} kB`)
    if (written.length === 0) output.say('This run has no figures yet; nothing was written.')
    for (const note of notes) output.say(note)
    return 0
  },
})

function formatOf(asked: string | undefined, out: string | undefined): Format {
  const ending = out === undefined ? '' : extname(out).slice(1).toLowerCase()
  if (asked === undefined && `.${ending}` === ARCHIVE_ENDING) return 'archive'
  const name = asked ?? (ending === '' ? 'pdf' : ending)
  const found = FORMATS.find(format => format === name)
  if (found !== undefined) return found
  throw new UsageError(
    `export --format: expected one of ${FORMATS.join(', ')}, got ${name}; the nearest is ${nearest(name, FORMATS, 1).join()}`,
  )
}

function isPicture(format: Format): format is PictureFormat {
  return PICTURE_FORMATS.some(name => name === format)
}

async function pictureFiles(
  snapshot: RunSnapshot,
  figure: string,
  format: PictureFormat,
  options: PictureOptions,
  stem: string | null,
): Promise<{ files: readonly File[]; notes: readonly string[] }> {
  const name = stem ?? `${snapshot.record.id}-${figure}`
  const formats: readonly PictureFormat[] = format === 'tex' ? ['tex', 'pdf'] : [format]
  const files: File[] = []
  let notes: readonly string[] = []
  for (const each of formats) {
    const made = await exportPicture(snapshot, figure, each, { ...options, pdfFile: `${name}.pdf` })
    files.push({ name: `${name}.${each}`, content: made.content })
    notes = made.notes
  }
  return { files, notes }
}

function dataFiles(
  snapshot: RunSnapshot,
  format: DataFormat,
  figure: string | undefined,
  stem: string | null,
): readonly File[] {
  const { id } = snapshot.record
  if (format === 'npy' && figure === undefined) {
    const { figures } = snapshot
    const name = (of: string) => (stem !== null && figures.length === 1 ? stem : `${id}-${of}`)
    return figures.map(({ spec }) => ({
      name: `${name(spec.id)}.npy`,
      content: exportData(snapshot, format, { figure: spec.id }),
    }))
  }
  const name = stem ?? (figure === undefined ? id : `${id}-${figure}`)
  const dataFile = `${name}.json`
  const asked = given('figure', figure)
  const files = [{ name: `${name}.${format}`, content: exportData(snapshot, format, { ...asked, dataFile }) }]
  if (format === 'ipynb') files.push({ name: dataFile, content: exportData(snapshot, 'json', asked) })
  return files
}
