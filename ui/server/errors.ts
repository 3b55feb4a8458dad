/**
 * Errors of the server, and how any error becomes a status and one sentence. Nothing of a stack
 * trace leaves the process: what is not meant for the reader is `internal:` and goes to the log.
 */
import { PatchlightError } from '../../engine/errors.ts'

/** The server cannot start: a port in use, an address that is not this machine's. */
export class ServerError extends PatchlightError {
  override readonly name = 'ServerError'
}

/** A request that is refused, with the HTTP status that says so. */
export class HttpError extends PatchlightError {
  override readonly name = 'HttpError'
  readonly status: number
  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

export interface Refusal {
  readonly status: number
  readonly message: string
}

/** What to tell whoever asked. 400 for anything the reader can mend, 500 for a bug of ours. */
export function refusal(error: unknown): Refusal {
  if (error instanceof HttpError) return { status: error.status, message: error.message }
  if (error instanceof PatchlightError) return { status: 400, message: error.message }
  const status = clientStatus(error)
  const message = error instanceof Error ? error.message : String(error)
  if (status === null)
    return { status: 500, message: message.startsWith('internal:') ? message : `internal: ${message}` }
  if (status === 413) return { status, message: 'request body: expected at most 1 MiB; use a file for long lists' }
  if (error instanceof SyntaxError) return { status, message: `request body: expected JSON, got: ${message}` }
  return { status, message: `request: ${message}` }
}

/** Express and its body parser mark errors that are the client's with a status. */
function clientStatus(error: unknown): number | null {
  if (typeof error !== 'object' || error === null || !('status' in error)) return null
  const { status } = error
  return typeof status === 'number' && status >= 400 && status < 500 ? status : null
}
