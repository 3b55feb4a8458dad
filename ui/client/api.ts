/**
 * The JSON API as functions. Every one throws `ApiError`, whose message is the server's sentence and
 * may be shown as it is; `status` is 0 where no server answered.
 */
import type { RunId, RunSummary } from '../../studies/runs/events.ts'
import type {
  CellDetail,
  DoctorReport,
  EstimateView,
  ModelInfo,
  RunRequest,
  StudyInfo,
  TokenView,
} from '../../studies/runs/workbench-types.ts'
import type { RunDocument } from '../wire.ts'

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

export type DownloadFormat = 'csv' | 'json' | 'svg'

export function createApi({ base = '', token }: ApiOptions = {}) {
  async function ask<T>(path: string, body?: unknown, signal?: AbortSignal): Promise<T> {
    const headers: Record<string, string> = { accept: 'application/json' }
    if (token !== undefined) headers.authorization = `Bearer ${token}`
    if (body !== undefined) headers['content-type'] = 'application/json'
    let response: Response
    try {
      response = await fetch(`${base}/api${path}`, {
        method: body === undefined ? 'GET' : 'POST',
        headers,
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        ...(signal === undefined ? {} : { signal }),
      })
    } catch (error) {
      // An aborted request is its caller's doing: it must stay tellable from a server that is gone.
      if (signal?.aborted === true) throw error
      throw new ApiError('The server does not answer. Is `patchlight serve` still running?', 0)
    }
    const answer: unknown = await response.json().catch(() => null)
    if (!response.ok) throw new ApiError(sentence(answer, response), response.status)
    // The server is typed by the same contract; a check of every field here would say it twice.
    return answer as T
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
    cell: (id: RunId, figure: string, index: number, signal?: AbortSignal) =>
      ask<CellDetail>(`${run(id)}/cell?figure=${encodeURIComponent(figure)}&index=${index}`, undefined, signal),
    estimate: (request: RunRequest, signal?: AbortSignal) => ask<EstimateView>('/estimate', request, signal),
    /** @param model checkpoint folder; the embedded model when undefined */
    tokenize: (model: string | undefined, texts: readonly string[], signal?: AbortSignal) =>
      ask<readonly TokenView[]>('/tokenize', { ...(model === undefined ? {} : { model }), texts }, signal),
    doctor: (signal?: AbortSignal) => ask<DoctorReport>('/doctor', undefined, signal),
    /** The address of a figure's download, for a link. */
    figureUrl: (id: RunId, figure: string, format: DownloadFormat) =>
      `${base}/api${run(id)}/figures/${encodeURIComponent(figure)}.${format}`,
  }
}

/** The API of the server that served the page. */
export const api = createApi()

function sentence(answer: unknown, response: Response): string {
  if (typeof answer === 'object' && answer !== null && 'error' in answer && typeof answer.error === 'string') {
    return answer.error
  }
  return `The server answered ${response.status} ${response.statusText}.`
}
