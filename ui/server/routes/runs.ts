/** Runs: list, start, read, cancel and resume. */
import { Router } from 'express'
import type { Workbench } from '../../../studies/runs/workbench-types.ts'
import { parseRunRequest, withRun } from '../requests.ts'
import { runDocument } from '../wire-form.ts'

export function runRoutes(workbench: Workbench): Router {
  const routes = Router()
  routes.get('/runs', async (_request, response) => {
    response.json(await workbench.list())
  })
  routes.post('/runs', async (request, response) => {
    response.status(201).json(await workbench.start(parseRunRequest(request.body)))
  })
  routes.get('/runs/:id', async (request, response) => {
    response.json(runDocument(await withRun(workbench, request.params.id, run => workbench.snapshot(run))))
  })
  routes.post('/runs/:id/cancel', async (request, response) => {
    response.json(await withRun(workbench, request.params.id, run => workbench.cancel(run)))
  })
  routes.post('/runs/:id/resume', async (request, response) => {
    response.json(await withRun(workbench, request.params.id, run => workbench.resume(run)))
  })
  return routes
}
