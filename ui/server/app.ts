/** The HTTP side: who may ask, then the JSON API, then the page; every error is `{error: sentence}`. */
import express, { type ErrorRequestHandler, type Express, type Handler } from 'express'
import type { Workbench } from '../../studies/runs/workbench-types.ts'
import type { DrawingPool } from './drawing/pool.ts'
import { HttpError, refusal } from './errors.ts'
import type { Guard } from './guard.ts'
import { securityHeaders } from './headers.ts'
import { catalogRoutes } from './routes/catalog.ts'
import { cellRoutes } from './routes/cells.ts'
import { downloadRoutes } from './routes/downloads.ts'
import { formRoutes } from './routes/forms.ts'
import { historyRoutes } from './routes/history.ts'
import { liveRoutes } from './routes/live.ts'
import { runRoutes } from './routes/runs.ts'
import { studyFileRoutes } from './routes/study-files.ts'

export interface AppOptions {
  readonly workbench: Workbench
  readonly drawing: DrawingPool
  readonly guard: Guard
  readonly page: Handler
  readonly dev: boolean
  /** Takes a line about a bug of ours. */
  readonly log: (line: string) => void
}

/** A form with thousands of prompts fits; `refusal` names this limit. */
const BODY_LIMIT = '1mb'

export function createApp({ workbench, drawing, guard, page, dev, log }: AppOptions): Express {
  const app = express()
  app.disable('x-powered-by')
  app.use(securityHeaders(dev))
  app.use((request, response, next) => {
    const refused = guard.check(request)
    if (refused !== null) throw new HttpError(refused.status, refused.message)
    const cookie = guard.cookieFor(request)
    if (cookie !== null) response.set('Set-Cookie', cookie)
    // The token leaves the address bar (and with it the history and what is copied from it).
    if (cookie !== null && request.method === 'GET' && request.accepts('html') && !request.path.startsWith('/api')) {
      const url = new URL(`http://host${request.originalUrl}`)
      url.searchParams.delete('token')
      // One leading slash: `//name` would be another host.
      response.redirect(303, `/${url.pathname.replace(/^\/+/, '')}${url.search}`)
      return
    }
    next()
  })

  const api = express.Router()
  api.use((_request, response, next) => {
    response.set('Cache-Control', 'no-store')
    next()
  })
  api.use(express.json({ limit: BODY_LIMIT }))
  api.use(
    catalogRoutes(workbench),
    formRoutes(workbench),
    liveRoutes(workbench),
    runRoutes(workbench),
    cellRoutes(workbench),
    downloadRoutes(workbench, drawing),
    historyRoutes(workbench),
    studyFileRoutes(workbench),
  )
  api.use(request => {
    throw new HttpError(404, `${request.method} ${request.originalUrl.slice(0, 100)}: no such address`)
  })
  app.use('/api', api)

  app.use(page)
  app.use(request => {
    throw new HttpError(404, `${request.method} ${request.path.slice(0, 100)}: no such address`)
  })
  app.use(errorAsJson(log))
  return app
}

function errorAsJson(log: (line: string) => void): ErrorRequestHandler {
  return (error, request, response, next) => {
    const { status, message } = refusal(error)
    if (status >= 500) log(`${request.method} ${request.path}: ${error instanceof Error ? error.stack : message}`)
    // Half an answer is out already: all that is left is to cut it off, which Express does.
    if (response.headersSent) return next(error)
    response.status(status).set('Cache-Control', 'no-store').json({ error: message })
  }
}
