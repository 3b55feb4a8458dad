/** A figure as a file: its numbers as CSV or JSON, or the figure itself as vector SVG. */
import { type Request, Router } from 'express'
import type { RunSnapshot } from '../../../studies/runs/events.ts'
import type { Workbench } from '../../../studies/runs/workbench-types.ts'
import { colourRange } from '../../figures/colours.ts'
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

function svg(snapshot: RunSnapshot, { spec, values, marks }: RunFigure, { query }: Request): string {
  return figureSvg(spec, values, marks, {
    range: groupRange(snapshot, spec.group, spec.id),
    title: query.title === '1',
    ...(query.width === undefined ? {} : { widthIn: parseNumber('width', query.width, { min: 1, max: 40 }) }),
  })
}

/** Panels of one picture are on one colour scale, also when one of them is exported alone. */
function groupRange({ figures }: RunSnapshot, group: string | undefined, id: string) {
  const panels = figures.filter(({ spec }) => spec.id === id || (group !== undefined && spec.group === group))
  const scale = panels.find(({ spec }) => spec.id === id)?.spec.scale ?? 'diverging'
  return colourRange(scale, ...panels.filter(({ spec }) => spec.scale === scale).map(({ values }) => values))
}
