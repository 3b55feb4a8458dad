/**
 * The server: express serves the page and a small JSON API, socket.io carries runs. It owns neither
 * the workbench nor the runs: closing it ends connections, and nothing else.
 */
import { randomBytes } from 'node:crypto'
import { createServer, type Server as HttpServer } from 'node:http'
import { fileURLToPath } from 'node:url'
import type { Workbench } from '../../studies/runs/workbench-types.ts'
import { createApp } from './app.ts'
import { DrawingPool } from './drawing/pool.ts'
import { ServerError } from './errors.ts'
import { createGuard, isLoopback } from './guard.ts'
import { builtPage, livePage } from './page.ts'
import { attachSockets } from './sockets.ts'

export const DEFAULT_PORT = 4117
/** How many ports after the default one are tried. */
const PORTS_TRIED = 20
/** How long an answer under way may take once the server closes. */
const CLOSE_GRACE_MS = 1000

export interface ServerOptions {
  readonly workbench: Workbench
  /** 0 for any free one. @default 4117, or the next free one after it */
  readonly port?: number
  /** The address to listen on; any that is not this machine's own makes a token necessary. @default '127.0.0.1' */
  readonly host?: string
  /** Asked of every request. @default none on loopback, a random one elsewhere */
  readonly token?: string
  /** Folder of the built page. @default ui/web/dist */
  readonly webRoot?: string
  /** Serves the page from its sources through Vite. @default false */
  readonly dev?: boolean
  /** Takes a line about a bug of ours. @default console.error */
  readonly log?: (line: string) => void
}

export interface RunningServer {
  /** What to open in a browser, with the token where there is one. */
  readonly url: string
  readonly port: number
  readonly token: string | undefined
  /** Ends every connection. The workbench stays open. */
  close(): Promise<void>
}

/** @throws {ServerError} when the port is taken or the address is not this machine's */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const { workbench, host = '127.0.0.1', dev = false, log = console.error } = options
  const token = options.token ?? (isLoopback(host) ? undefined : randomBytes(18).toString('base64url'))
  const guard = createGuard({ host, ...(token === undefined ? {} : { token }) })
  const server = createServer()
  const webRoot = options.webRoot ?? fileURLToPath(new URL('../web/dist', import.meta.url))
  const live = dev ? await livePage(fileURLToPath(new URL('../web', import.meta.url)), server) : null
  const drawing = new DrawingPool()
  const page = live?.handler ?? builtPage(webRoot)
  server.on('request', createApp({ workbench, drawing, guard, page, dev, log }))
  const sockets = attachSockets({ server, workbench, check: request => guard.check(request) })
  const close = async () => {
    const force = setTimeout(() => server.closeAllConnections(), CLOSE_GRACE_MS)
    await sockets.close()
    clearTimeout(force)
    await drawing.close()
    await live?.close()
  }
  try {
    const port = await listen(server, host, options.port)
    const name = isWildcard(host) ? 'localhost' : host.includes(':') ? `[${host}]` : host
    const query = token === undefined ? '' : `?token=${encodeURIComponent(token)}`
    return { url: `http://${name}:${port}/${query}`, port, token, close }
  } catch (error) {
    await close()
    throw error
  }
}

async function listen(server: HttpServer, host: string, asked: number | undefined): Promise<number> {
  const first = asked ?? DEFAULT_PORT
  const last = asked ?? DEFAULT_PORT + PORTS_TRIED
  for (let port = first; port <= last; port++) {
    const code = await tryListen(server, host, port)
    if (code === null) return boundPort(server)
    if (code !== 'EADDRINUSE')
      throw new ServerError(`serve: expected to listen on ${host}:${port}, got ${advice(code)}`)
  }
  const taken = asked === undefined ? `ports ${first} to ${last} are all in use` : `port ${asked} is in use`
  throw new ServerError(`serve: expected a free port on ${host}, but ${taken}; choose another with --port`)
}

/** Null on success, else the system's error code. */
function tryListen(server: HttpServer, host: string, port: number): Promise<string | null> {
  return new Promise(resolve => {
    const onError = (error: NodeJS.ErrnoException) => {
      server.off('listening', onListening)
      resolve(error.code ?? error.message)
    }
    const onListening = () => {
      server.off('error', onError)
      resolve(null)
    }
    server.once('error', onError)
    server.once('listening', onListening)
    try {
      server.listen(port, host)
    } catch (error) {
      onError(error instanceof Error ? error : new Error(String(error)))
    }
  })
}

function advice(code: string): string {
  if (code === 'EACCES') return 'no permission (EACCES); ports under 1024 need it: choose another with --port'
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND')
    return `${code}: this machine has no such address; use 127.0.0.1`
  return `${code}; choose another with --port or --host`
}

function boundPort(server: HttpServer): number {
  const address = server.address()
  return typeof address === 'object' && address !== null ? address.port : 0
}

function isWildcard(host: string): boolean {
  return host === '0.0.0.0' || host === '::'
}
