/**
 * The page: the built files, and index.html for every address that is a view of the page. Files
 * under /assets carry a hash in their names and never change; index.html is asked for every time.
 */
import { existsSync } from 'node:fs'
import type { Server as HttpServer } from 'node:http'
import { join } from 'node:path'
import express, { type Handler, Router } from 'express'
import { ServerError } from './errors.ts'

const YEAR_SECONDS = 365 * 24 * 3600

/** @param webRoot the folder that `vite build` wrote */
export function builtPage(webRoot: string): Handler {
  const page = Router()
  const index = join(webRoot, 'index.html')
  page.use(
    express.static(webRoot, {
      index: false,
      redirect: false,
      setHeaders(response, path) {
        const hashed = path.startsWith(join(webRoot, 'assets'))
        response.set('Cache-Control', hashed ? `public, max-age=${YEAR_SECONDS}, immutable` : 'no-cache')
      },
    }),
  )
  page.get('/{*path}', (request, response, next) => {
    // A missing script must not be answered with a page.
    if (/\.\w+$/.test(request.path) && !request.path.startsWith('/run/')) return next()
    if (!existsSync(index)) {
      response.status(503).type('text/plain').set('Cache-Control', 'no-store').send(NOT_BUILT)
      return
    }
    response.set('Cache-Control', 'no-cache').sendFile('index.html', { root: webRoot })
  })
  return page
}

/** The page from its sources, through Vite, with changes shown at once. */
export async function livePage(
  root: string,
  server: HttpServer,
): Promise<{ handler: Handler; close(): Promise<void> }> {
  const vite = await import('vite').catch(() => {
    throw new ServerError('serve --dev: expected Vite to be installed; run `npm ci` in a checkout of Patchlight')
  })
  const dev = await vite.createServer({
    root,
    configFile: join(root, 'vite.config.ts'),
    server: { middlewareMode: true, hmr: { server } },
    appType: 'spa',
  })
  return { handler: dev.middlewares, close: () => dev.close() }
}

const NOT_BUILT = `Patchlight's page has not been built yet.

Run this in Patchlight's folder, then reload:

    npm run build

The command line works without it.
`
