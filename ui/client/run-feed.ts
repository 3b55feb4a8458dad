/**
 * The client of a Patchlight server's sockets, for the page and for Node alike:
 *
 *   const feed = new RunFeed()                    // one a page
 *   const watch = feed.watch(runId)
 *   const stop = watch.subscribe(() => draw(watch.view))
 *   // React: useSyncExternalStore(watch.subscribe, () => watch.view)
 *   watch.close()
 *
 * It survives a server that goes and comes back: what is missing is asked for by number. Changes to
 * the list of runs while it was away are not told again; read the list anew when `status` is `live`.
 */
import { io, type Socket } from 'socket.io-client'
import type { RunId, RunSummary } from '../../studies/runs/events.ts'
import type { ClientToServer, ServerToClient } from '../wire.ts'
import { RunWatch } from './run-watch.ts'

export interface FeedOptions {
  /** Where the server is. @default the page's own origin */
  readonly url?: string
  /** For a server that asks for one, outside a browser; a page has it in its cookie. */
  readonly token?: string
}

/** `offline`: there was a connection, or an attempt, that failed; the feed keeps trying. */
export type FeedStatus = 'connecting' | 'live' | 'offline'

type RunsListener = (changed: readonly RunSummary[], removed: readonly RunId[]) => void

export class RunFeed {
  readonly #socket: Socket<ServerToClient, ClientToServer>
  readonly #watches = new Map<RunId, { readonly watch: RunWatch; holders: number }>()
  readonly #statusListeners = new Set<() => void>()
  readonly #runsListeners = new Set<RunsListener>()
  readonly #problemListeners = new Set<(message: string) => void>()
  #status: FeedStatus = 'connecting'
  #retry: ReturnType<typeof setTimeout> | null = null

  constructor({ url, token }: FeedOptions = {}) {
    const options = {
      // Long polling would only add ways to be out of order: every browser that runs the page has websockets.
      transports: ['websocket'],
      forceNew: true,
      reconnectionDelay: RECONNECT_MIN_MS,
      reconnectionDelayMax: RECONNECT_MAX_MS,
      ...(token === undefined ? {} : { extraHeaders: { authorization: `Bearer ${token}` } }),
    }
    this.#socket = url === undefined ? io(options) : io(url, options)
    this.#listen()
  }

  get status(): FeedStatus {
    return this.#status
  }

  /** Follows a run. Watches of the same run are one, closed when every holder has closed it. */
  watch(run: RunId): RunWatch {
    const held = this.#watches.get(run)
    if (held !== undefined) {
      held.holders += 1
      return held.watch
    }
    const ask = (from: number) => this.#socket.emit('watch', run, from)
    const watch = new RunWatch(run, ask, () => this.#release(run))
    this.#watches.set(run, { watch, holders: 1 })
    if (this.#socket.connected) watch.connected()
    return watch
  }

  /** Calls `listener` when `status` changed. */
  readonly onStatus = (listener: () => void): (() => void) => {
    this.#statusListeners.add(listener)
    return () => this.#statusListeners.delete(listener)
  }

  /** Calls `listener` with runs that are new or changed, and with the ids of runs that are gone. */
  onRuns(listener: RunsListener): () => void {
    this.#runsListeners.add(listener)
    return () => this.#runsListeners.delete(listener)
  }

  /** Calls `listener` when a study file was saved, made or removed. */
  onStudies(listener: () => void): () => void {
    this.#socket.on('studies', listener)
    return () => this.#socket.off('studies', listener)
  }

  /** Calls `listener` with the server's sentence about something that is not about one watched run. */
  onProblem(listener: (message: string) => void): () => void {
    this.#problemListeners.add(listener)
    return () => this.#problemListeners.delete(listener)
  }

  close(): void {
    if (this.#retry !== null) clearTimeout(this.#retry)
    for (const { watch } of this.#watches.values()) watch.ended()
    this.#watches.clear()
    this.#socket.disconnect()
  }

  #listen(): void {
    const socket = this.#socket
    socket.on('connect', () => {
      for (const { watch } of this.#watches.values()) watch.connected()
      this.#setStatus('live')
    })
    socket.on('disconnect', reason => {
      this.#setStatus('offline')
      // The one case in which socket.io does not try again by itself: the server said goodbye.
      if (reason === 'io server disconnect') {
        this.#retry = setTimeout(() => socket.connect(), RECONNECT_MAX_MS)
      }
    })
    socket.on('connect_error', () => this.#setStatus('offline'))
    socket.on('snapshot', (run, snapshot, acknowledge) => {
      this.#watches.get(run)?.watch.snapshot(snapshot)
      acknowledge()
    })
    socket.on('batch', (batch, acknowledge) => {
      this.#watches.get(batch.run)?.watch.batch(batch)
      acknowledge()
    })
    socket.on('runs', (changed, removed, acknowledge) => {
      for (const listener of [...this.#runsListeners]) listener(changed, removed)
      acknowledge()
    })
    socket.on('problem', (message, run) => {
      const held = run === null ? undefined : this.#watches.get(run)
      if (held !== undefined) held.watch.failed(message)
      else for (const listener of [...this.#problemListeners]) listener(message)
    })
  }

  #release(run: RunId): void {
    const held = this.#watches.get(run)
    if (held === undefined) return
    held.holders -= 1
    if (held.holders > 0) return
    this.#watches.delete(run)
    held.watch.ended()
    if (this.#socket.connected) this.#socket.emit('unwatch', run)
  }

  #setStatus(status: FeedStatus): void {
    if (status === this.#status) return
    this.#status = status
    for (const listener of [...this.#statusListeners]) listener()
  }
}

/** A server on this machine that restarts is back within a second or two. */
const RECONNECT_MIN_MS = 200
const RECONNECT_MAX_MS = 2000
