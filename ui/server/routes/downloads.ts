/** A figure as a file: its numbers as CSV or JSON, or the figure itself as vector SVG. */
import { Router } from 'express'
import type { RunSnapshot } from '../../../studies/runs/events.ts'
import type { Workbench } from '../../../studies/runs/workbench-types.ts'
import { colourRange } from '../../figures/colours.ts'
import { figureCsv } from '../../figures/csv.ts'
import { figureSvg } from '../../figures/svg.ts'
import { HttpError } from '../errors.ts'
import { parseId, parseNumber, withRun } from '../requests.ts'
import { figureDocument } from '../wire-form.ts'

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
    response.attachment(`${snapshot.record.id}-${id}.${format}`)
    if (format === 'json') response.json(figureDocument(snapshot, id))
    else if (format === 'csv') response.type('text/csv; charset=utf-8').send(figureCsv(found))
    else {
      const { width, title } = request.query
      const svg = figureSvg(found.spec, found.values, found.marks, {
        range: groupRange(snapshot, found.spec.group, id),
        title: title === '1',
        ...(width === undefined ? {} : { widthIn: parseNumber('width', width, { min: 1, max: 40 }) }),
      })
      response.type('image/svg+xml').send(svg)
    }
  })
  return routes
}

/** Panels of one picture are on one colour scale, also when one of them is exported alone. */
function groupRange({ figures }: RunSnapshot, group: string | undefined, id: string) {
  const panels = figures.filter(({ spec }) => spec.id === id || (group !== undefined && spec.group === group))
  const scale = panels.find(({ spec }) => spec.id === id)?.spec.scale ?? 'diverging'
  return colourRange(scale, ...panels.filter(({ spec }) => spec.scale === scale).map(({ values }) => values))
}
