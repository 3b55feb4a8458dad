/**
 * The engine's process as the workbench sees it: started on first use, started again after it died,
 * one promise a request. The process is detached, so that Ctrl-C in a terminal reaches the workbench
 * alone, which then cancels in order; it ends itself when its channel closes, or this process is gone.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { createRequire } from 'node:module'
import { fileURLToPath, pathToFileURL } from 'node:url'
import {
  BackendError,
  CheckpointError,
  HookPointError,
  PatchlightError,
  ShapeError,
  StudyError,
  UsageError,
} from '../../engine/errors.ts'
import { EndlessStudies, READING_LIMIT_MS, savedAt } from '../endless-study.ts'
import type { EventBody } from './events.ts'
import type { EngineMethod, EngineMethods, FromEngine, RequestMessage, ToEngine } from './protocol.ts'
import type { GenerateEvent } from './workbench-types.ts'

const CLOSE_GRACE_MS = 2000
/** An engine that is not stuck notices a study without an end by itself. */
const STUCK_MS = READING_LIMIT_MS + 10_000
/** So many times longer it may be silent while it computes something else too: a layer of a large model takes long. */
const PATIENCE = 20
const COMPUTING: readonly EngineMethod[] = ['run', 'cell', 'generate']

/** The engine's process ended while something was asked of it. */
export class EngineGoneError extends StudyError {}

export interface RequestHooks {
  readonly onBegan?: (source: string | null) => void
  readonly onEvents?: (events: readonly EventBody[]) => void
  readonly onGenerated?: (event: GenerateEvent) => void
  /** Aborting asks the engine to stop between two slices; the reply then says so. */
  readonly signal?: AbortSignal
}

interface Pending {
  readonly method: EngineMethod
  readonly resolve: (output: unknown) => void
  readonly reject: (error: Error) => void
  readonly hooks: RequestHooks
  /** Runs while a study's file is read. */
  reading: NodeJS.Timeout | null
}

export class EngineClient {
  readonly #env: Readonly<Record<string, string>>
  readonly #stuckMs: number
  readonly #endless = new EndlessStudies()
  readonly #pending = new Map<number, Pending>()
  #child: ChildProcess | null = null
  #nextId = 1
  #killed = false
  #closed = false

  /** `env` is added to this process's own; an engine that is silent for `stuckMs` as it reads a study is ended. */
  constructor(env: Readonly<Record<string, string>> = {}, stuckMs = STUCK_MS) {
    this.#env = env
    this.#stuckMs = stuckMs
  }

  /** The engine's process number while it runs. */
  get pid(): number | null {
    return this.#child?.pid ?? null
  }

  async request<M extends EngineMethod>(
    method: M,
    input: EngineMethods[M]['in'],
    hooks: RequestHooks = {},
  ): Promise<EngineMethods[M]['out']> {
    if (this.#closed) throw new StudyError('workbench: it is closed')
    const id = this.#nextId++
    const message = { type: 'request', id, method, input } as RequestMessage
    const file = studyFileOf(message)
    if (file !== undefined) this.#endless.check(file)
    const child = this.#start()
    const output = await new Promise<unknown>((resolve, reject) => {
      this.#pending.set(id, { method, resolve, reject, hooks, reading: null })
      const onAbort = () => this.#send(child, { type: 'cancel', id })
      this.#send(child, message)
      if (hooks.signal?.aborted === true) onAbort()
      else hooks.signal?.addEventListener('abort', onAbort, { once: true })
    })
    return output as EngineMethods[M]['out']
  }

  /** Ends the process at once; what was asked of it fails with EngineGoneError. It starts again on the next request. */
  kill(): void {
    this.#killed = true
    this.#child?.kill('SIGKILL')
  }

  /** Lets the process end, and ends it if it does not within two seconds. */
  async close(): Promise<void> {
    this.#closed = true
    const child = this.#child
    if (child === null) return
    await new Promise<void>(resolve => {
      const timer = setTimeout(() => child.kill('SIGKILL'), CLOSE_GRACE_MS)
      child.once('exit', () => {
        clearTimeout(timer)
        resolve()
      })
      if (child.connected) child.disconnect()
    })
  }

  #start(): ChildProcess {
    if (this.#child !== null) return this.#child
    const tsx = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href
    const child = fork(fileURLToPath(new URL('./engine-process.ts', import.meta.url)), [`${process.pid}`], {
      execArgv: ['--import', tsx],
      serialization: 'advanced',
      // Standard output belongs to the workbench's own answers; a study's console.log goes to standard error.
      stdio: ['ignore', 2, 2, 'ipc'],
      detached: true,
      // Worker threads of the products' library that spin while they wait would take the processor from everyone else.
      env: { OMP_WAIT_POLICY: 'passive', ...process.env, ...this.#env },
    })
    this.#child = child
    this.#killed = false
    child.on('message', message => this.#receive(child, message as FromEngine))
    child.on('error', error => this.#gone(child, `it could not be started: ${error.message}`))
    child.on('exit', (code, signal) => this.#gone(child, exitReason(code, signal, this.#killed)))
    return child
  }

  #send(child: ChildProcess, message: ToEngine): void {
    // A send that fails is followed by the process's exit, which rejects what is pending.
    if (child.connected) child.send(message, () => {})
  }

  #receive(child: ChildProcess, message: FromEngine): void {
    // It does other things too: it is not stuck.
    for (const { reading } of this.#pending.values()) reading?.refresh()
    const pending = this.#pending.get(message.id)
    if (pending === undefined) return
    if (message.type === 'reading') {
      this.#reading(child, pending, message.study)
    } else if (message.type === 'began') {
      pending.hooks.onBegan?.(message.source)
    } else if (message.type === 'events') {
      pending.hooks.onEvents?.(message.events)
    } else if (message.type === 'generated') {
      pending.hooks.onGenerated?.(message.event)
    } else {
      this.#forget(message.id, pending)
      if (message.type === 'reply') pending.resolve(message.output)
      else {
        pending.reject(rebuilt(message.name, message.message))
        if (message.leaving) this.#gone(child, 'it lost its device')
      }
    }
  }

  #reading(child: ChildProcess, pending: Pending, study: string | null): void {
    clearTimeout(pending.reading ?? undefined)
    if (study === null) {
      pending.reading = null
      return
    }
    const savedMs = savedAt(study)
    const wait = (times: number) => {
      pending.reading = setTimeout(() => {
        if (times < PATIENCE && this.#computes()) return wait(times + 1)
        const problem = this.#endless.add(study, savedMs, this.#stuckMs)
        pending.reject(problem)
        this.#gone(child, `it was stuck, and ended; ${problem.message}`)
        child.kill('SIGKILL')
      }, this.#stuckMs)
    }
    wait(1)
  }

  /** Whether something is under way that may keep the process silent for long. */
  #computes(): boolean {
    return [...this.#pending.values()].some(({ method, reading }) => reading === null && COMPUTING.includes(method))
  }

  #forget(id: number, pending: Pending): void {
    clearTimeout(pending.reading ?? undefined)
    this.#pending.delete(id)
  }

  #gone(child: ChildProcess, reason: string): void {
    if (this.#child !== child) return
    this.#child = null
    for (const [id, pending] of [...this.#pending]) {
      this.#forget(id, pending)
      pending.reject(new EngineGoneError(`engine process: ${reason}`))
    }
  }
}

/** The user's own file that a request has the engine read. */
function studyFileOf(message: RequestMessage): string | undefined {
  switch (message.method) {
    case 'studies':
      return message.input.file
    case 'estimate':
    case 'run':
    case 'cell':
      return message.input.study.file
    default:
      return undefined
  }
}

const ERROR_CLASSES = [
  PatchlightError,
  CheckpointError,
  HookPointError,
  ShapeError,
  BackendError,
  StudyError,
  UsageError,
] as const

/** An error from the engine's process, of the class that it had there. */
function rebuilt(name: string, message: string): Error {
  const Class = ERROR_CLASSES.find(candidate => candidate.name === name) ?? Error
  return new Class(message)
}

function exitReason(code: number | null, signal: string | null, killed: boolean): string {
  if (killed) return 'it was stopped'
  if (signal === 'SIGKILL') return 'it was killed (SIGKILL), most often because the machine ran out of memory'
  if (signal === 'SIGABRT' || code === 134) return 'it ran out of memory or met a fault in a native library (SIGABRT)'
  return signal === null ? `it ended with code ${code}` : `it ended by ${signal}`
}
