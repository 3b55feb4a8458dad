/** What is answered as it comes: generated text, and a model on its way from the Hub. */
import { Router } from 'express'
import type { Workbench } from '../../../studies/runs/workbench-types.ts'
import { answerInLines } from '../ndjson.ts'
import { parseGenerateRequest, parsePullRequest } from '../requests.ts'

export function liveRoutes(workbench: Workbench): Router {
  const routes = Router()
  routes.post('/generate', async (request, response) => {
    const asked = parseGenerateRequest(request.body)
    await answerInLines(response, (send, signal) => workbench.generate(asked, send, signal))
  })
  routes.post('/pull', async (request, response) => {
    const { model } = parsePullRequest(request.body)
    await answerInLines(response, (send, signal) => workbench.pull(model, send, signal))
  })
  return routes
}
