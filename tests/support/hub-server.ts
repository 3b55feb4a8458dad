/**
 * A Hub on loopback: the routes that `@huggingface/hub` and Python's `huggingface_hub` call for models,
 * and a second server, on another origin, to which large files are redirected as the real Hub does.
 * A fault says what goes wrong with a request: refusals, cuts, silence, wrong lengths and wrong bytes.
 */
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { join } from 'node:path'

export interface HubRequest {
  readonly host: 'hub' | 'store'
  readonly method: string
  /** Without the query. */
  readonly path: string
  /** The file that is asked for, if it is one. */
  readonly file: string | null
  readonly authorization: string | null
  readonly range: string | null
}

export type Fault =
  | { readonly status: number; readonly headers?: Readonly<Record<string, string>> }
  | { readonly redirect: string }
  | { readonly cutAfter: number }
  | { readonly silentAfter: number }
  /** Complete answers of the wrong length: bytes more, or (negative) fewer. */
  | { readonly extraBytes: number }
  | { readonly wrongByteAt: number }
  | { readonly ignoreRange: true }
  | { readonly pauseMs: number }

interface Repository {
  readonly commits: Map<string, Map<string, Buffer>>
  readonly refs: Map<string, string>
  gated: boolean
  private: boolean
}

const LARGE = /\.(safetensors|bin)$/
const CHUNK_BYTES = 4096
/** Small, so that every listing has several pages. */
const PAGE_FILES = 3

const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex')
export const gitOid = (bytes: Buffer) => createHash('sha1').update(`blob ${bytes.length}\0`).update(bytes).digest('hex')

/** The files of a folder, by name. */
export function readFolder(dir: string): Map<string, Buffer> {
  return new Map(readdirSync(dir).map(name => [name, readFileSync(join(dir, name))]))
}

function listen(server: Server): Promise<string> {
  return new Promise(resolve => {
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      resolve(`http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`)
    })
  })
}

export class HubServer {
  /** Where the Hub is: what HF_ENDPOINT would hold. */
  url = ''
  readonly requests: HubRequest[] = []
  /** What goes wrong with a request; null for nothing. */
  fault: (request: HubRequest) => Fault | null = () => null
  /** The token that opens what is gated or private. */
  readonly token = 'hf_opens_everything'
  /** Names to put in listings as they are. */
  extraEntries: readonly Readonly<Record<string, unknown>>[] = []
  #store = ''
  readonly #repositories = new Map<string, Repository>()
  readonly #hub = createServer((request, response) => this.#answer('hub', request, response))
  readonly #files = createServer((request, response) => this.#answer('store', request, response))

  static async start(): Promise<HubServer> {
    const server = new HubServer()
    server.url = await listen(server.#hub)
    server.#store = await listen(server.#files)
    return server
  }

  async close(): Promise<void> {
    for (const server of [this.#hub, this.#files]) {
      server.closeAllConnections()
      await new Promise(resolve => server.close(resolve))
    }
  }

  /** Puts a commit on a branch or tag. Returns the commit. */
  add(id: string, files: ReadonlyMap<string, Buffer>, revision = 'main'): string {
    const names = [...files].map(([name, bytes]) => `${name} ${gitOid(bytes)}`)
    const commit = createHash('sha1').update(names.join('\n')).digest('hex')
    const repository = this.#repositories.get(id) ?? {
      commits: new Map(),
      refs: new Map(),
      gated: false,
      private: false,
    }
    repository.commits.set(commit, new Map(files))
    repository.refs.set(revision, commit)
    this.#repositories.set(id, repository)
    return commit
  }

  closeToStrangers(id: string, how: 'gated' | 'private'): void {
    const repository = this.#repositories.get(id)
    if (repository !== undefined) repository[how] = true
  }

  /** Requests for files' content, in order. */
  fetched(): string[] {
    return this.requests.flatMap(({ host, method, file, path }) => {
      const served = host === 'store' || (file !== null && !LARGE.test(path))
      return served && file !== null && method === 'GET' ? [file] : []
    })
  }

  #answer(host: HubRequest['host'], incoming: IncomingMessage, response: ServerResponse): unknown {
    const url = new URL(incoming.url ?? '/', this.url)
    const path = decodeURIComponent(url.pathname)
    const [, file = null] = /(?:resolve\/[0-9a-f]{40}|^\/store\/[^/]+\/[^/]+\/[0-9a-f]{40})\/(.+)$/.exec(path) ?? []
    const { authorization = null, range = null } = incoming.headers
    const request = { host, method: incoming.method ?? 'GET', path, file, authorization, range }
    this.requests.push(request)
    const fault = this.fault(request)
    if (fault !== null && 'status' in fault) return refuse(response, fault.status, fault.headers)
    if (fault !== null && 'redirect' in fault) return response.writeHead(302, { location: fault.redirect }).end()
    const [, api, id, rest] = /^\/(api\/models\/|store\/)?([^/]+\/[^/]+)\/(.*)$/.exec(path) ?? []
    const repository = this.#repositories.get(id ?? '')
    const known = authorization === `Bearer ${this.token}`
    // The real Hub, too, does not tell strangers whether a private model exists.
    if (
      id === undefined ||
      rest === undefined ||
      repository === undefined ||
      (host === 'hub' && repository.private && !known)
    ) {
      return refuse(response, authorization === null ? 401 : 404, { 'x-error-code': 'RepoNotFound' })
    }
    if (api === 'api/models/') return this.#api(id, repository, rest, url, response)
    const [, commit = '', name = ''] = /^(?:resolve\/)?([0-9a-f]{40})\/(.+)$/.exec(rest) ?? []
    const bytes = repository.commits.get(commit)?.get(name)
    if (bytes === undefined) return refuse(response, 404, { 'x-error-code': 'EntryNotFound' })
    if (host === 'hub') {
      if (repository.gated && !known) {
        return refuse(response, authorization === null ? 401 : 403, { 'x-error-code': 'GatedRepo' })
      }
      response.setHeader('x-repo-commit', commit)
      if (LARGE.test(name)) {
        response.setHeader('x-linked-size', bytes.length)
        response.setHeader('x-linked-etag', `"${sha256(bytes)}"`)
        response.writeHead(302, { location: `${this.#store}/store/${id}/${commit}/${name}?signature=ok` }).end()
        return undefined
      }
    }
    response.setHeader('etag', `"${gitOid(bytes)}"`)
    return serve(response, bytes, request, fault)
  }

  #api(id: string, repository: Repository, rest: string, url: URL, response: ServerResponse): unknown {
    const [, what, revision = ''] = /^(revision|tree)\/(.+)$/.exec(rest) ?? []
    const commit = repository.commits.has(revision) ? revision : repository.refs.get(revision)
    if (commit === undefined) return refuse(response, 404, { 'x-error-code': 'RevisionNotFound' })
    const files = [...(repository.commits.get(commit) ?? new Map<string, Buffer>())]
    if (what === 'revision') {
      const siblings = files.map(([rfilename]) => ({ rfilename }))
      const lastModified = '2026-01-01T00:00:00.000Z'
      return json(response, { _id: id, id, sha: commit, lastModified, gated: repository.gated, siblings })
    }
    const entries = [
      ...files.map(([path, bytes]) => ({
        type: 'file',
        path,
        size: bytes.length,
        oid: gitOid(bytes),
        ...(LARGE.test(path) ? { lfs: { oid: sha256(bytes), size: bytes.length, pointerSize: 130 } } : {}),
      })),
      { type: 'directory', path: 'original', size: 0, oid: gitOid(Buffer.from('original')) },
      ...this.extraEntries,
    ]
    const from = Number(url.searchParams.get('cursor') ?? 0)
    const next = from + PAGE_FILES
    url.searchParams.set('cursor', String(next))
    if (next < entries.length) response.setHeader('link', `<${url.href}>; rel="next"`)
    return json(response, entries.slice(from, next))
  }
}

function json(response: ServerResponse, value: unknown): ServerResponse {
  return response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(value))
}

function refuse(
  response: ServerResponse,
  status: number,
  headers: Readonly<Record<string, string>> = {},
): ServerResponse {
  response.writeHead(status, { 'content-type': 'application/json', ...headers })
  return response.end(JSON.stringify({ error: `refused with ${status}` }))
}

async function serve(response: ServerResponse, whole: Buffer, request: HubRequest, fault: Fault | null): Promise<void> {
  const has = <K extends string>(key: K) => fault !== null && key in fault
  const [, first = '0'] = /^bytes=(\d+)-$/.exec(request.range ?? '') ?? []
  const from = has('ignoreRange') ? 0 : Number(first)
  if (from >= whole.length && from > 0) {
    response.writeHead(416, { 'content-range': `bytes */${whole.length}` }).end()
    return
  }
  let bytes = Buffer.from(whole.subarray(from))
  if (fault !== null && 'wrongByteAt' in fault && fault.wrongByteAt >= from) {
    const at = fault.wrongByteAt - from
    bytes.writeUInt8((bytes.readUInt8(at) + 1) % 256, at)
  }
  if (fault !== null && 'extraBytes' in fault) {
    bytes = Buffer.concat([bytes, Buffer.alloc(Math.max(0, fault.extraBytes))]).subarray(
      0,
      Math.max(0, bytes.length + fault.extraBytes),
    )
  }
  response.setHeader('content-length', bytes.length)
  if (from > 0) {
    response.setHeader('content-range', `bytes ${from}-${whole.length - 1}/${whole.length}`)
    response.statusCode = 206
  }
  if (request.method === 'HEAD') {
    response.end()
    return
  }
  const limit =
    fault !== null && 'cutAfter' in fault
      ? fault.cutAfter
      : fault !== null && 'silentAfter' in fault
        ? fault.silentAfter
        : bytes.length
  response.flushHeaders()
  for (let at = 0; at < Math.min(limit, bytes.length); at += CHUNK_BYTES) {
    const chunk = bytes.subarray(at, Math.min(at + CHUNK_BYTES, limit))
    await new Promise<void>(resolve => response.write(chunk, () => resolve()))
    if (fault !== null && 'pauseMs' in fault) await new Promise(resolve => setTimeout(resolve, fault.pauseMs))
    if (response.destroyed) return
  }
  if (limit >= bytes.length) response.end()
  else if (has('cutAfter')) response.destroy()
}
