/** A figure as a file: its numbers as CSV or JSON, or the figure itself as vector SVG. */
import { type Request, Router } from 'express'
import type { RunSnapshot } from '../../../studies/runs/events.ts'
import type { Workbench } from '../../../studies/runs/workbench-types.ts'
import { type ColourRange, colourRange, type Scale } from '../../figures/colours.ts'
import { figureCsv } from '../../figures/csv.ts'
import { figureSvg } from '../../figures/svg.ts'
import { HttpError } from '../errors.ts'
import { parseId, parseNumber, withRun } from '../requests.ts'
import { figureDocument } from '../wire-form.ts'

type RunFigure = RunSnapshot['figures'][number]

export function downloadRoutes(workbench: Workbench): Router {
  const routes = Router()
  routes.get('/runs/:id/figures/:file', async (request, response) => {
    const [, name, format] = /^(.+)\.([a-z]+)$/.exec(request.params.file) ?? []
    if (format !== 'csv' && format !== 'json' && format !== 'svg') {
      throw new HttpError(404, 'figure download: expected FIGURE.csv, FIGURE.json or FIGURE.svg')
    }
    const id = parseId('figure', name)
    const snapshot = await withRun(workbench, request.params.id, run => workbench.snapshot(run))
    const found = snapshot.figures.find(({ spec }) => spec.id === id)
    if (found === undefined) {
      const known = snapshot.figures.map(({ spec }) => spec.id).join(', ')
      throw new HttpError(404, `figure ${id}: no such figure in this run, which has ${known || 'none yet'}`)
    }
    // The file is made before anything is said about it: an error must not go out under its name.
    const file = {
      csv: () => figureCsv(found),
      json: () => `${JSON.stringify(figureDocument(snapshot, found))}\n`,
      svg: () => svg(snapshot, found, request),
    }
    const content = file[format]()
    response.attachment(`${snapshot.record.id}-${id}.${format}`).send(content)
  })
  return routes
}

function svg(snapshot: RunSnapshot, figure: RunFigure, { query }: Request): string {
  const { scale, range } = groupColours(snapshot, figure)
  return figureSvg({ ...figure.spec, scale }, figure.values, figure.marks, {
    range,
    title: query.title === '1',
    ...(query.width === undefined ? {} : { widthIn: parseNumber('width', query.width, { min: 1, max: 40 }) }),
  })
}

/** Panels of one picture are on one colour scale, as on the page, also when one is exported alone. */
function groupColours({ figures }: RunSnapshot, { spec }: RunFigure): { scale: Scale; range: ColourRange } {
  const panels = figures.filter(({ spec: other }) =>
    spec.group === undefined ? other.id === spec.id : other.group === spec.group,
  )
  const scale = panels.some(panel => panel.spec.scale === 'diverging') ? 'diverging' : 'sequential'
  return { scale, range: colourRange(scale, ...panels.map(({ values }) => values)) }
}
