/** Past runs: named, deleted, restored, as one file, with the study's source and a small picture. */
import type { IncomingMessage } from 'node:http'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { Router } from 'express'
import { ARCHIVE_ENDING } from '../../../studies/runs/archive.ts'
import { isErrno } from '../../../studies/runs/journal.ts'
import type { Workbench } from '../../../studies/runs/workbench-types.ts'
import { Previews } from '../previews.ts'
import { parseId, parseMetaPatch, withRun } from '../requests.ts'

const YEAR_SECONDS = 365 * 24 * 3600
/** Of a refused archive; several times what one may have. */
const SWALLOWED_BYTES = 1e9

export function historyRoutes(workbench: Workbench): Router {
  const { history } = workbench
  const previews = new Previews(workbench)
  const routes = Router()
  routes.get('/runs/:id/record', async (request, response) => {
    response.json(await withRun(workbench, request.params.id, run => history.record(run)))
  })
  routes.get('/runs/:id/source', async (request, response) => {
    response.json(await withRun(workbench, request.params.id, run => history.source(run)))
  })
  routes.get('/runs/:id/preview.png', async (request, response) => {
    const picture = await withRun(workbench, request.params.id, run => previews.png(run))
    // The address says which picture it is, so a browser need not ask again.
    if (request.query.v !== undefined) {
      response.set('Cache-Control', `private, max-age=${YEAR_SECONDS}, immutable`)
    }
    response.type('png').send(picture)
  })
  routes.post('/runs/:id/meta', async (request, response) => {
    const patch = parseMetaPatch(request.body)
    response.json(await withRun(workbench, request.params.id, run => history.annotate(run, patch)))
  })
  routes.post('/runs/:id/delete', async (request, response) => {
    await withRun(workbench, request.params.id, run => history.remove(run))
    response.json({})
  })
  routes.post('/runs/:id/restore', async (request, response) => {
    response.json(await history.restore(parseId('run', request.params.id)))
  })
  routes.get('/trash', async (_request, response) => {
    response.json(await history.deleted())
  })
  routes.get('/runs/:id/archive', async (request, response) => {
    const { name, content } = await withRun(workbench, request.params.id, async run => ({
      name: `${run}${ARCHIVE_ENDING}`,
      content: await history.pack(run),
    }))
    response.attachment(name).type('application/gzip')
    await pipeline(content, response).catch(error => {
      // Whoever asked went away.
      if (!isErrno(error, 'ERR_STREAM_PREMATURE_CLOSE')) throw error
    })
  })
  routes.post('/runs/import', async (request, response) => {
    // A page that sends no body at all is told so by the archive's reader.
    if (request.readableEnded) return void response.status(201).json(await history.unpack(Readable.from([])))
    try {
      response.status(201).json(await history.unpack(request.iterator({ destroyOnReturn: false })))
    } catch (error) {
      swallowRest(request)
      response.set('Connection', 'close')
      throw error
    }
  })
  return routes
}

/** Whoever sends on while nobody reads does not read the answer either. An answer is not worth more than so much. */
function swallowRest(request: IncomingMessage): void {
  let bytes = 0
  request.on('data', chunk => {
    bytes += chunk.length
    if (bytes > SWALLOWED_BYTES) request.destroy()
  })
}
