/**
 * A run's figures as files: the picture as SVG, PDF, PNG or LaTeX, the numbers behind it, or all
 * numbers of the run; and comparisons of runs. The command line's `export` and `compare` give the same
 * bytes. Files are made in the drawing threads, never in the server's own.
 */
import { type Request, type Response, Router } from 'express'
import type { RunSnapshot } from '../../../studies/runs/events.ts'
import type { Workbench } from '../../../studies/runs/workbench-types.ts'
import { COMPARISON_FORMATS, comparisonName } from '../../compare/export.ts'
import { MAX_SIDES, sideOf } from '../../compare/side.ts'
import { DATA_FORMATS } from '../../figures/export-data.ts'
import { type PictureOptions, parseScale } from '../../figures/export-picture.ts'
import { PICTURE_FORMATS } from '../../figures/picture-formats.ts'
import { parseWidth } from '../../figures/venues.ts'
import { type PictureView, parseView } from '../../figures/view.ts'
import { FIGURE_DATA_FORMATS, type Job } from '../drawing/jobs.ts'
import type { DrawingPool } from '../drawing/pool.ts'
import { HttpError } from '../errors.ts'
import { parseId, parseNumber, withRun } from '../requests.ts'

export function downloadRoutes(workbench: Workbench, drawing: DrawingPool): Router {
  const routes = Router()
  const snapshotOf = (id: unknown) => withRun(workbench, id, run => workbench.snapshot(run))

  /** The file is made before anything is said about it: an error must not go out under its name. */
  async function send(response: Response, job: Job, name: string, format: string): Promise<void> {
    const gone = new AbortController()
    response.once('close', () => gone.abort())
    try {
      const content = await drawing.run(job, gone.signal)
      response.attachment(`${name}.${format}`).set('Content-Length', String(content.length))
      const type = String(response.get('Content-Type'))
      if (!BINARY.has(format) && !type.includes('charset')) response.set('Content-Type', `${type}; charset=utf-8`)
      // Not `send`, which would hash megabytes for a tag that `no-store` makes useless.
      response.end(content)
    } catch (error) {
      if (!gone.signal.aborted) throw error
    }
  }

  routes.get('/runs/:id/figures/:file', async (request, response) => {
    const { name, format } = parseFile(request.params.file, [...FIGURE_DATA_FORMATS, ...PICTURE_FORMATS])
    const figure = parseId('figure', name)
    const snapshot = await snapshotOf(request.params.id)
    const found = snapshot.figures.find(({ spec }) => spec.id === figure)
    if (found === undefined) {
      const known = snapshot.figures.map(({ spec }) => spec.id).join(', ')
      throw new HttpError(404, `figure ${figure}: no such figure in this run, which has ${known || 'none yet'}`)
    }
    const needed = withFigures(snapshot, ({ id, group }) => {
      return id === figure || (group !== undefined && group === found.spec.group)
    })
    const data = FIGURE_DATA_FORMATS.find(known => known === format)
    const picture = PICTURE_FORMATS.find(known => known === format) ?? 'svg'
    const options = { ...asked(request.query), view: viewAsked(request.query) }
    const job: Job =
      data === undefined
        ? { kind: 'picture', snapshot: needed, figure, format: picture, options }
        : { kind: 'figure-data', snapshot: needed, figure, format: data }
    await send(response, job, `${snapshot.record.id}-${figure}`, format)
  })

  routes.get('/runs/:id/data.:format', async (request, response) => {
    const format = DATA_FORMATS.find(known => known === request.params.format)
    if (format === undefined)
      throw new HttpError(404, `run download: expected one of data.${DATA_FORMATS.join(', data.')}`)
    const snapshot = await snapshotOf(request.params.id)
    const { id } = snapshot.record
    const options = {
      ...(request.query.figure === undefined ? {} : { figure: parseId('figure', request.query.figure) }),
      dataUrl: `${request.protocol}://${request.host}/api/runs/${id}/data.json`,
    }
    await send(response, { kind: 'run-data', snapshot, format, options }, id, format)
  })

  routes.get('/compare/:file', async (request, response) => {
    const { name, format } = parseFile(request.params.file, COMPARISON_FORMATS)
    const figure = parseId('figure', name)
    const ids = parseRuns(request.query.runs)
    const titles = new Map((await workbench.list()).map(({ id, title }) => [id, title]))
    const sides = []
    for (const id of ids) {
      const snapshot = withFigures(await snapshotOf(id), spec => spec.id === figure)
      sides.push(sideOf(snapshot, titles.get(id) ?? id))
    }
    const options = { ...asked(request.query), differenceOnly: request.query.only === 'difference' }
    const job: Job = { kind: 'comparison', sides, figure, format, options }
    await send(response, job, comparisonName(ids, figure), format)
  })
  return routes
}

/** What is not in UTF-8. */
const BINARY: ReadonlySet<string> = new Set(['pdf', 'png', 'parquet', 'npy'])

function parseFile<F extends string>(file: string, formats: readonly F[]): { name: string; format: F } {
  const [, name = '', ending] = /^(.+)\.([a-z]+)$/.exec(file) ?? []
  const format = formats.find(known => known === ending)
  if (format === undefined) {
    throw new HttpError(404, `figure download: expected FIGURE.csv and so on, one of ${formats.join(', ')}`)
  }
  return { name, format }
}

function parseRuns(text: unknown): readonly string[] {
  const ids = typeof text === 'string' ? text.split(',').filter(id => id !== '') : []
  if (ids.length >= 2 && ids.length <= MAX_SIDES) return ids
  throw new HttpError(400, `runs: expected 2 to ${MAX_SIDES} ids of runs with commas between, got ${ids.length}`)
}

/** Only what is needed goes to the thread: a run may have dozens of figures. */
function withFigures(
  snapshot: RunSnapshot,
  needed: (spec: RunSnapshot['figures'][number]['spec']) => boolean,
): RunSnapshot {
  return { ...snapshot, figures: snapshot.figures.filter(({ spec }) => needed(spec)) }
}

/** `width` (a length or a venue), `font` (points), `dpi`, `scale` (`LOW:HIGH`), and `panels`, `title`, `caption` as `1`. */
function asked(query: Request['query']): PictureOptions {
  const number = (name: string, min: number, max: number) => parseNumber(name, query[name], { min, max })
  return {
    panels: query.panels === '1',
    title: query.title === '1',
    caption: query.caption === '1',
    ...(query.width === undefined ? {} : { widthIn: parseWidth(String(query.width)) }),
    ...(query.scale === undefined ? {} : { scale: parseScale(String(query.scale)) }),
    ...(query.font === undefined ? {} : { fontPt: number('font', 4, 24) }),
    ...(query.dpi === undefined ? {} : { dpi: number('dpi', 72, 1200) }),
  }
}

/** `layers`, `tokens`, `zoom`, `colours`, and `transpose` as `1`, as in the page's own address. */
function viewAsked({ layers, tokens, zoom, colours, transpose }: Request['query']): PictureView {
  const text = (value: Request['query'][string]) => (value === undefined ? undefined : String(value))
  return parseView(
    { layers: text(layers), tokens: text(tokens), zoom: text(zoom), colours: text(colours) },
    transpose === '1',
  )
}
