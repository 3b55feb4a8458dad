/** What there is to work with: studies, models, and the machine. */
import { Router } from 'express'
import type { Workbench } from '../../../studies/runs/workbench-types.ts'

export function catalogRoutes(workbench: Workbench): Router {
  const routes = Router()
  routes.get('/studies', async (_request, response) => {
    response.json(await workbench.studies())
  })
  routes.get('/models', async (_request, response) => {
    response.json(await workbench.models())
  })
  routes.get('/backend', async (_request, response) => {
    response.json(await workbench.backend())
  })
  routes.get('/doctor', async (_request, response) => {
    response.json(await workbench.doctor())
  })
  return routes
}
