/**
 * A run's figures as files: the picture as SVG, PDF, PNG or LaTeX, the numbers behind it, or all
 * numbers of the run. The command line's `export` gives the same bytes.
 */
import { type Request, Router } from 'express'
import type { RunSnapshot } from '../../../studies/runs/events.ts'
import type { Workbench } from '../../../studies/runs/workbench-types.ts'
import { figureCsv } from '../../figures/csv.ts'
import { npy } from '../../figures/data/npy.ts'
import { DATA_FORMATS, exportData } from '../../figures/export-data.ts'
import { exportPicture, PICTURE_FORMATS, type PictureOptions } from '../../figures/export-picture.ts'
import { parseWidth } from '../../figures/venues.ts'
import { HttpError } from '../errors.ts'
import { parseId, parseNumber, withRun } from '../requests.ts'
import { figureDocument } from '../wire-form.ts'

type RunFigure = RunSnapshot['figures'][number]

export function downloadRoutes(workbench: Workbench): Router {
  const routes = Router()
  routes.get('/runs/:id/figures/:file', async (request, response) => {
    const [, name, format = ''] = /^(.+)\.([a-z]+)$/.exec(request.params.file) ?? []
    if (!isFormat(format)) {
      throw new HttpError(404, `figure download: expected FIGURE.csv and so on, one of ${FORMATS.join(', ')}`)
    }
    const id = parseId('figure', name)
    const snapshot = await withRun(workbench, request.params.id, run => workbench.snapshot(run))
    const found = snapshot.figures.find(({ spec }) => spec.id === id)
    if (found === undefined) {
      const known = snapshot.figures.map(({ spec }) => spec.id).join(', ')
      throw new HttpError(404, `figure ${id}: no such figure in this run, which has ${known || 'none yet'}`)
    }
    // The file is made before anything is said about it: an error must not go out under its name.
    const content = await figureFile(snapshot, found, format, request)
    response.attachment(`${snapshot.record.id}-${id}.${format}`).send(sendable(content, format))
  })
  routes.get('/runs/:id/data.:format', async (request, response) => {
    const format = DATA_FORMATS.find(known => known === request.params.format)
    if (format === undefined)
      throw new HttpError(404, `run download: expected one of data.${DATA_FORMATS.join(', data.')}`)
    const snapshot = await withRun(workbench, request.params.id, run => workbench.snapshot(run))
    const { id } = snapshot.record
    const content = exportData(snapshot, format, {
      ...(request.query.figure === undefined ? {} : { figure: parseId('figure', request.query.figure) }),
      dataUrl: `${request.protocol}://${request.host}/api/runs/${id}/data.json`,
    })
    response.attachment(`${id}.${format}`).send(sendable(content, format))
  })
  return routes
}

/** Text goes as text, so that its type says its character set. */
function sendable(content: string | Buffer, format: string): string | Buffer {
  return BINARY.some(each => each === format) ? content : content.toString()
}

const BINARY = ['pdf', 'png', 'parquet', 'npy'] as const
const FORMATS = ['csv', 'json', 'npy', ...PICTURE_FORMATS] as const
type Format = (typeof FORMATS)[number]

function isFormat(format: string): format is Format {
  return FORMATS.some(known => known === format)
}

async function figureFile(
  snapshot: RunSnapshot,
  figure: RunFigure,
  format: Format,
  { query }: Request,
): Promise<string | Buffer> {
  if (format === 'csv') return figureCsv(figure)
  if (format === 'json') return `${JSON.stringify(figureDocument(snapshot, figure))}\n`
  if (format === 'npy') return npy(figure)
  const { content } = await exportPicture(snapshot, figure.spec.id, format, asked(query))
  return content
}

/** `width` (a length or a venue), `font` (points), `dpi`, and `panels`, `title`, `caption` as `1`. */
function asked(query: Request['query']): PictureOptions {
  const number = (name: string, min: number, max: number) => parseNumber(name, query[name], { min, max })
  return {
    panels: query.panels === '1',
    title: query.title === '1',
    caption: query.caption === '1',
    ...(query.width === undefined ? {} : { widthIn: parseWidth(String(query.width)) }),
    ...(query.font === undefined ? {} : { fontPt: number('font', 4, 24) }),
    ...(query.dpi === undefined ? {} : { dpi: number('dpi', 72, 1200) }),
  }
}
