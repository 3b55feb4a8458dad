/**
 * One run being followed: the client's side of the numbers. It drops what it has seen, asks again on
 * a gap, and tells its listeners at most ten times a second, the last change always included.
 */
import type { RunId } from '../../studies/runs/events.ts'
import type { Batch, WireSnapshot } from '../wire.ts'
import { RunReader, type RunView } from './run-view.ts'

/** Redrawing a large heatmap more often than this costs frames and shows nothing more. */
export const NOTIFY_MS = 100

export class RunWatch {
  readonly run: RunId
  readonly #ask: (from: number) => void
  readonly #onClose: () => void
  readonly #listeners = new Set<() => void>()
  #reader: RunReader | null = null
  #view: RunView | null = null
  #problem: string | null = null
  /** A gap was seen and asked about; what arrives until the answer cannot be used. */
  #asked = false
  #timer: ReturnType<typeof setTimeout> | null = null
  #notifiedAt = Number.NEGATIVE_INFINITY

  /** Made by `RunFeed.watch`. `ask` requests the run from a sequence number on. */
  constructor(run: RunId, ask: (from: number) => void, onClose: () => void) {
    this.run = run
    this.#ask = ask
    this.#onClose = onClose
  }

  /** The run as last told to listeners: immutable, the same object until something changed; null before the first. */
  get view(): RunView | null {
    return this.#view
  }

  /** Why the run cannot be followed, as a sentence; null while it can. */
  get problem(): string | null {
    return this.#problem
  }

  /** Calls `listener` after `view` or `problem` changed. Returns what ends it. Bound, as React wants it. */
  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Stops following, for this holder; the last one's stops the traffic. */
  close(): void {
    this.#onClose()
  }

  // What follows is the feed's side.

  /** Asks for what is missing, after a connection was made. */
  connected(): void {
    this.#asked = true
    this.#ask(this.#reader === null ? 0 : this.#reader.seq + 1)
  }

  snapshot(snapshot: WireSnapshot): void {
    this.#asked = false
    if (this.#reader === null) this.#reader = new RunReader(this.run, snapshot)
    else this.#reader.reset(snapshot)
    this.#problem = null
    this.#changed()
  }

  batch(batch: Batch): void {
    const applied = this.#reader?.apply(batch) ?? 'gap'
    if (applied === 'gap') {
      if (!this.#asked) this.connected()
      return
    }
    this.#asked = false
    if (applied === 'applied') this.#changed()
  }

  failed(problem: string): void {
    this.#problem = problem
    this.#changed()
  }

  /** No listener is called after this. */
  ended(): void {
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = null
    this.#listeners.clear()
  }

  #changed(): void {
    if (this.#timer !== null) return
    const waitMs = this.#notifiedAt + NOTIFY_MS - performance.now()
    if (waitMs <= 0) this.#notify()
    else this.#timer = setTimeout(() => this.#notify(), waitMs)
  }

  #notify(): void {
    this.#timer = null
    this.#notifiedAt = performance.now()
    this.#view = this.#reader?.view() ?? null
    for (const listener of [...this.#listeners]) listener()
  }
}
