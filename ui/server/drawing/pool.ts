/**
 * Draws files in threads of their own: a picture of 131,072 cells or a PNG at 600 dpi takes seconds,
 * during which the server's own thread would send no cells and answer nobody. Few threads, because runs
 * want the processor too; a bounded queue, because a page or a script may ask for more than that.
 */
import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import { BackendError, PatchlightError, StudyError, UsageError } from '../../../engine/errors.ts'
import { HttpError } from '../errors.ts'
import type { Job } from './jobs.ts'
import type { Answer } from './thread.ts'

export interface DrawingOptions {
  /** @default one less than the cores, between 1 and 2 */
  readonly threads?: number
  /** Jobs that may wait for a thread; more are refused. @default 32 */
  readonly waiting?: number
  /** How long a thread without work is kept: fonts and WebAssembly stay loaded in it. @default 60 s */
  readonly idleMs?: number
}

interface Waiting {
  readonly job: Job
  readonly resolve: (content: Buffer) => void
  readonly reject: (error: Error) => void
}

interface Thread {
  readonly worker: Worker
  current: Waiting | null
  idle: NodeJS.Timeout | null
}

const MAX_WAITING = 32
const IDLE_MS = 60_000

export class DrawingPool {
  readonly #threads = new Set<Thread>()
  readonly #queue: Waiting[] = []
  readonly #most: number
  readonly #waiting: number
  readonly #idleMs: number
  #closed = false

  constructor({ threads, waiting = MAX_WAITING, idleMs = IDLE_MS }: DrawingOptions = {}) {
    this.#most = threads ?? Math.min(2, Math.max(1, availableParallelism() - 1))
    this.#waiting = waiting
    this.#idleMs = idleMs
  }

  /** How many threads there are now. */
  get threads(): number {
    return this.#threads.size
  }

  /**
   * @param signal whoever asked went away: a job that still waits is not begun
   * @throws what the job throws; HttpError 503 where too many wait already
   */
  run(job: Job, signal?: AbortSignal): Promise<Buffer> {
    if (this.#closed) return Promise.reject(new HttpError(503, 'export: the server is closing'))
    if (this.#queue.length >= this.#waiting) {
      const message = `export: ${this.#queue.length} files wait to be drawn already; try again when some are done`
      return Promise.reject(new HttpError(503, message))
    }
    return new Promise((resolve, reject) => {
      const waiting = { job, resolve, reject }
      this.#queue.push(waiting)
      signal?.addEventListener('abort', () => this.#forget(waiting), { once: true })
      this.#next()
    })
  }

  async close(): Promise<void> {
    this.#closed = true
    for (const { reject } of this.#queue.splice(0)) reject(new HttpError(503, 'export: the server is closing'))
    await Promise.all([...this.#threads].map(({ worker }) => worker.terminate()))
  }

  #forget(waiting: Waiting): void {
    const at = this.#queue.indexOf(waiting)
    if (at < 0) return
    this.#queue.splice(at, 1)
    waiting.reject(new HttpError(503, 'export: nobody waits for it any more'))
  }

  #next(): void {
    if (this.#queue.length === 0) return
    const free = [...this.#threads].find(({ current }) => current === null)
    const thread = free ?? (this.#threads.size < this.#most ? this.#start() : null)
    const waiting = thread === null ? undefined : this.#queue.shift()
    if (thread === null || waiting === undefined) return
    if (thread.idle !== null) clearTimeout(thread.idle)
    thread.idle = null
    thread.current = waiting
    thread.worker.postMessage(waiting.job)
  }

  #start(): Thread {
    const worker = new Worker(new URL('./entry.js', import.meta.url))
    const thread: Thread = { worker, current: null, idle: null }
    this.#threads.add(thread)
    worker.unref()
    worker.on('message', (answer: Answer) => {
      const { current } = thread
      thread.current = null
      thread.idle = setTimeout(() => {
        // First, so that no job is given to a thread that is about to end.
        this.#threads.delete(thread)
        void worker.terminate()
      }, this.#idleMs).unref()
      if ('error' in answer) current?.reject(rebuilt(answer.name, answer.error))
      else current?.resolve(Buffer.from(answer.content.buffer, answer.content.byteOffset, answer.content.byteLength))
      this.#next()
    })
    worker.on('error', error => this.#gone(thread, error.message))
    worker.on('exit', () => this.#gone(thread, 'it ended'))
    return thread
  }

  /** A thread that ran out of memory, or was ended for having nothing to do. */
  #gone(thread: Thread, reason: string): void {
    if (!this.#threads.delete(thread)) return
    if (thread.idle !== null) clearTimeout(thread.idle)
    const closing = new HttpError(503, 'export: the server is closing')
    thread.current?.reject(this.#closed ? closing : new Error(`internal: the drawing thread: ${reason}`))
    thread.current = null
    if (!this.#closed) this.#next()
  }
}

const CLASSES = [StudyError, UsageError, BackendError, PatchlightError] as const

/** An error from a thread, of the class that it had there. */
function rebuilt(name: string, message: string): Error {
  const Class = CLASSES.find(one => one.name === name) ?? Error
  return new Class(message)
}
