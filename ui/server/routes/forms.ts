/** What a form asks before a run: the tokens of its prompts, and what will run. */
import { Router } from 'express'
import type { Workbench } from '../../../studies/runs/workbench-types.ts'
import { parseRunRequest, parseTokenizeRequest } from '../requests.ts'

export function formRoutes(workbench: Workbench): Router {
  const routes = Router()
  routes.post('/estimate', async (request, response) => {
    response.json(await workbench.estimate(parseRunRequest(request.body)))
  })
  routes.post('/tokenize', async (request, response) => {
    const { model, texts, ...options } = parseTokenizeRequest(request.body)
    response.json(await workbench.tokenize(model, texts, options))
  })
  return routes
}
