/**
 * Answers that grow: one JSON document a line, as events come. Before the first line an error has its
 * status like everywhere else; after it the error is the last line. Whoever asked and goes away stops
 * the work, and so does a reader that does not read: what it was not sent yet would stay here.
 */
import type { Response } from 'express'
import type { StreamError } from '../wire.ts'
import { refusal } from './errors.ts'

/** Minutes of text or of progress: a reader so far behind has stopped reading. */
const MAX_UNREAD_BYTES = 1e6

/** Does work that sends lines; `signal` is aborted when nobody reads them any more. */
export async function answerInLines<T>(
  response: Response,
  work: (send: (line: T) => void, signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const gone = new AbortController()
  response.once('close', () => gone.abort())
  const write = (line: T | StreamError) => {
    if (gone.signal.aborted) return
    if (!response.headersSent) response.status(200).type('application/x-ndjson')
    response.write(`${JSON.stringify(line)}\n`)
    if (response.writableLength > MAX_UNREAD_BYTES) response.destroy()
  }
  try {
    await work(write, gone.signal)
  } catch (error) {
    if (gone.signal.aborted) return
    if (!response.headersSent) throw error
    write({ type: 'error', error: refusal(error).message })
  }
  response.end()
}
