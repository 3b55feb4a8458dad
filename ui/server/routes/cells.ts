/**
 * One cell of a run looked at. It is computed in the engine's process; whoever goes away before the
 * answer takes the question back, so that walking over cells leaves no queue behind.
 */
import { type Request, type Response, Router } from 'express'
import type { CellView, CellViews } from '../../../studies/runs/cell/types.ts'
import type { Workbench } from '../../../studies/runs/workbench-types.ts'
import { parseId, parseNumber, withRun } from '../requests.ts'

export function cellRoutes(workbench: Workbench): Router {
  const routes = Router()
  const answer = async <V extends CellView>(
    request: Request<{ id: string }>,
    response: Response,
    view: V,
    read: (number: NumberReader) => CellViews[V]['in'],
  ): Promise<void> => {
    const gone = new AbortController()
    response.once('close', () => gone.abort())
    try {
      const found = await withRun(workbench, request.params.id, run => {
        const number = numberReader(request)
        const cell = { figure: parseId('figure', request.query.figure), index: number('index') }
        return workbench.cell(run, cell, view, read(number), gone.signal)
      })
      response.json(found)
    } catch (error) {
      if (!gone.signal.aborted) throw error
    }
  }
  routes.get('/runs/:id/cell', (request, response) => answer(request, response, 'detail', () => ({})))
  routes.get('/runs/:id/cell/attention', (request, response) =>
    answer(request, response, 'attention', number => ({
      layer: number('layer'),
      head: number('head'),
      ...given('from', number.optional('from')),
    })),
  )
  routes.get('/runs/:id/cell/lens', (request, response) =>
    answer(request, response, 'lens', number => given('from', number.optional('from'))),
  )
  routes.get('/runs/:id/cell/neuron', (request, response) =>
    answer(request, response, 'neuron', number => ({
      layer: number('layer'),
      neuron: number('neuron'),
      ...given('expert', number.optional('expert')),
    })),
  )
  return routes
}

interface NumberReader {
  (name: string): number
  optional(name: string): number | undefined
}

/** What the model has of each is the engine's to say; these are whole numbers. */
function numberReader(request: Request<{ id: string }>): NumberReader {
  const read = (name: string) => parseNumber(name, request.query[name], { min: 0, max: 2 ** 31, integer: true })
  const optional = (name: string) => (request.query[name] === undefined ? undefined : read(name))
  return Object.assign(read, { optional })
}

function given<K extends string>(key: K, value: number | undefined): Partial<Record<K, number>> {
  const found: Partial<Record<K, number>> = {}
  if (value !== undefined) found[key] = value
  return found
}
