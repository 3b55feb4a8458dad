/** The user's own study files: which there are, and a new one to begin with. */
import { Router } from 'express'
import type { Workbench } from '../../../studies/runs/workbench-types.ts'
import { parseNewStudyRequest } from '../requests.ts'

export function studyFileRoutes(workbench: Workbench): Router {
  const routes = Router()
  routes.get('/study-files', async (_request, response) => {
    response.json(await workbench.studyFiles())
  })
  routes.post('/study-files', async (request, response) => {
    response.status(201).json(await workbench.newStudy(parseNewStudyRequest(request.body).id))
  })
  return routes
}
