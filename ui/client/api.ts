/**
 * The JSON API as functions. Every one throws `ApiError`, whose message is the server's sentence and
 * may be shown as it is; `status` is 0 where no server answered.
 */
import type { PromptOptions } from '../../studies/prompt-params.ts'
import type { CellAddress, CellView, CellViews } from '../../studies/runs/cell/types.ts'
import type { DeletedRun, MetaPatch, RunId, RunRecord, RunSummary } from '../../studies/runs/events.ts'
import type {
  BackendInUse,
  DoctorReport,
  EstimateView,
  GenerateEvent,
  GenerateRequest,
  ModelInfo,
  PullEvent,
  RunRequest,
  RunSource,
  StudyFile,
  StudyInfo,
  TokenView,
} from '../../studies/runs/workbench-types.ts'
import type { RunDocument, StreamError } from '../wire.ts'
import { readLines } from './ndjson.ts'

export class ApiError extends Error {
  override readonly name = 'ApiError'
  readonly status: number
  constructor(message: string, status: number) {
    super(message)
    this.status = status
  }
}

export interface ApiOptions {
  /** Where the server is, without a slash at the end. @default '' (the page's own origin) */
  readonly base?: string
  /** For a server that asks for one; a page has it in its cookie. */
  readonly token?: string
}

const ARCHIVE_TYPE = 'application/gzip'

export type DownloadFormat = 'csv' | 'json' | 'svg'

export function createApi({ base = '', token }: ApiOptions = {}) {
  async function send(path: string, body?: unknown, signal?: AbortSignal): Promise<Response> {
    const headers: Record<string, string> = { accept: 'application/json, application/x-ndjson' }
    if (token !== undefined) headers.authorization = `Bearer ${token}`
    if (body !== undefined) headers['content-type'] = body instanceof Blob ? ARCHIVE_TYPE : 'application/json'
    const response = await answered(signal, () =>
      fetch(`${base}/api${path}`, {
        method: body === undefined ? 'GET' : 'POST',
        headers,
        ...(body === undefined ? {} : { body: body instanceof Blob ? body : JSON.stringify(body) }),
        ...(signal === undefined ? {} : { signal }),
      }),
    )
    if (response.ok) return response
    throw new ApiError(sentence(await response.json().catch(() => null), response), response.status)
  }

  // The server is typed by the same contract; a check of every field here would say it twice.
  async function ask<T>(path: string, body?: unknown, signal?: AbortSignal): Promise<T> {
    const response = await send(path, body, signal)
    return (await answered(signal, () => response.json())) as T
  }

  /** An answer in lines; it ends when all have come. Aborting stops what the server does. */
  async function follow<T>(path: string, body: unknown, onLine: (line: T) => void, signal: AbortSignal): Promise<void> {
    const response = await send(path, body, signal)
    const { body: lines } = response
    if (lines === null) return
    await answered(signal, async () => {
      for await (const line of readLines(lines)) {
        if (isStreamError(line)) throw new ApiError(line.error, response.status)
        onLine(line as T)
      }
    })
  }
  const run = (id: RunId) => `/runs/${encodeURIComponent(id)}`

  return {
    studies: (signal?: AbortSignal) => ask<readonly StudyInfo[]>('/studies', undefined, signal),
    models: (signal?: AbortSignal) => ask<readonly ModelInfo[]>('/models', undefined, signal),
    runs: (signal?: AbortSignal) => ask<readonly RunSummary[]>('/runs', undefined, signal),
    run: (id: RunId, signal?: AbortSignal) => ask<RunDocument>(run(id), undefined, signal),
    start: (request: RunRequest) => ask<RunSummary>('/runs', request),
    cancel: (id: RunId) => ask<RunSummary>(`${run(id)}/cancel`, {}),
    resume: (id: RunId) => ask<RunSummary>(`${run(id)}/resume`, {}),
    record: (id: RunId, signal?: AbortSignal) => ask<RunRecord>(`${run(id)}/record`, undefined, signal),
    source: (id: RunId, signal?: AbortSignal) => ask<RunSource | null>(`${run(id)}/source`, undefined, signal),
    annotate: (id: RunId, patch: MetaPatch) => ask<RunSummary>(`${run(id)}/meta`, patch),
    /** Into the trash. */
    remove: (id: RunId) => ask<object>(`${run(id)}/delete`, {}),
    restore: (id: RunId) => ask<RunSummary>(`${run(id)}/restore`, {}),
    deleted: (signal?: AbortSignal) => ask<readonly DeletedRun[]>('/trash', undefined, signal),
    /** A file that `archiveUrl` gave. */
    importRun: (archive: Blob) => ask<RunSummary>('/runs/import', archive),
    studyFiles: (signal?: AbortSignal) => ask<readonly StudyFile[]>('/study-files', undefined, signal),
    newStudy: (id: string) => ask<StudyInfo>('/study-files', { id }),
    /** One cell looked at; aborting takes the question back, also where it waits for its turn. */
    cell: <V extends CellView>(
      id: RunId,
      cell: CellAddress,
      view: V,
      question: CellViews[V]['in'],
      signal?: AbortSignal,
    ) => {
      const query = new URLSearchParams({ figure: cell.figure, index: String(cell.index) })
      for (const [key, value] of Object.entries(question)) query.set(key, String(value))
      const path = view === 'detail' ? 'cell' : `cell/${view}`
      return ask<CellViews[V]['out']>(`${run(id)}/${path}?${query}`, undefined, signal)
    },
    estimate: (request: RunRequest, signal?: AbortSignal) => ask<EstimateView>('/estimate', request, signal),
    /**
     * @param model checkpoint folder; the embedded model when undefined
     * @param options a study's prompt parameters
     */
    tokenize: (
      model: string | undefined,
      texts: readonly string[],
      options: PromptOptions = {},
      signal?: AbortSignal,
    ) =>
      ask<readonly TokenView[]>('/tokenize', { ...(model === undefined ? {} : { model }), texts, ...options }, signal),
    generate: (request: GenerateRequest, onEvent: (event: GenerateEvent) => void, signal: AbortSignal) =>
      follow('/generate', request, onEvent, signal),
    /** @param model `OWNER/NAME` or `OWNER/NAME@REVISION` */
    pull: (model: string, onEvent: (event: PullEvent) => void, signal: AbortSignal) =>
      follow('/pull', { model }, onEvent, signal),
    backend: (signal?: AbortSignal) => ask<BackendInUse>('/backend', undefined, signal),
    doctor: (signal?: AbortSignal) => ask<DoctorReport>('/doctor', undefined, signal),
    /** The address of a run as one file, for a link. */
    archiveUrl: (id: RunId) => `${base}/api${run(id)}/archive`,
    /** The address of a run's small picture; another `version` is another picture. */
    previewUrl: (id: RunId, version: string) => `${base}/api${run(id)}/preview.png?v=${encodeURIComponent(version)}`,
    /** The address of a figure's download, for a link. */
    figureUrl: (id: RunId, figure: string, format: DownloadFormat) =>
      `${base}/api${run(id)}/figures/${encodeURIComponent(figure)}.${format}`,
  }
}

/** The API of the server that served the page. */
export const api = createApi()

/** What a server that goes away does to a request, as an ApiError. */
async function answered<T>(signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    // An aborted request is its caller's doing: it must stay tellable from a server that is gone.
    if (signal?.aborted === true || error instanceof ApiError) throw error
    throw new ApiError('The server does not answer. Is `patchlight serve` still running?', 0)
  }
}

function isStreamError(line: unknown): line is StreamError {
  return typeof line === 'object' && line !== null && 'type' in line && line.type === 'error'
}

function sentence(answer: unknown, response: Response): string {
  if (typeof answer === 'object' && answer !== null && 'error' in answer && typeof answer.error === 'string') {
    return answer.error
  }
  return `The server answered ${response.status} ${response.statusText}.`
}
