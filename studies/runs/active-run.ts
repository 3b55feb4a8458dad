/**
 * A run that this process writes: its lock, journal and state in memory, kept in step. An event is
 * journaled first, then folded, then announced. When the disk refuses, the run fails in memory, what
 * was journaled stays, and nothing else is disturbed.
 */
import { join } from 'node:path'
import type { EventBody, JournalEvent, RunState, RunSummary } from './events.ts'
import type { RunFold } from './fold.ts'
import { summarize } from './folder.ts'
import { JOURNAL_FILE, JournalWriter } from './journal.ts'
import { lockRun, type RunLock } from './lock.ts'
import { readMeta } from './meta.ts'
import type { StudyRef } from './protocol.ts'

export interface RunListener {
  event(run: ActiveRun, event: JournalEvent): void
  changed(run: ActiveRun): void
}

export class ActiveRun {
  readonly dir: string
  readonly fold: RunFold
  readonly study: StudyRef
  /** Aborted by cancelling, by closing, and when the disk refuses. */
  readonly controller = new AbortController()
  /** Fulfilled when the run has come to rest and its lock is free. */
  readonly settled: Promise<void>
  /** What stopping leads to: the user's cancel, or the workbench's end. */
  stopState: RunState = 'cancelled'
  /** Set when the journal could not be written: what went wrong. */
  diskError: string | null = null
  readonly #lock: RunLock
  readonly #journal: JournalWriter
  readonly #listener: RunListener
  readonly #createdMs: number
  #settle: () => void = () => {}

  /** Takes the lock and opens the journal. @throws StudyError if either cannot be had. */
  constructor(dir: string, fold: RunFold, study: StudyRef, listener: RunListener) {
    this.dir = dir
    this.fold = fold
    this.study = study
    this.#listener = listener
    this.#createdMs = Date.parse(fold.record.createdAt)
    this.#lock = lockRun(dir)
    try {
      this.#journal = new JournalWriter(join(dir, JOURNAL_FILE))
    } catch (error) {
      this.#lock.release()
      throw error
    }
    this.settled = new Promise(resolve => {
      this.#settle = resolve
    })
  }

  get id(): string {
    return this.fold.record.id
  }

  summary(): RunSummary {
    return summarize(this.fold.record, this.fold.state, this.fold.progress, readMeta(this.dir))
  }

  append(body: EventBody): void {
    if (this.diskError !== null) return
    let event: JournalEvent
    try {
      event = this.#journal.append(body, Date.now() - this.#createdMs)
    } catch (error) {
      this.#diskFailed(error instanceof Error ? error.message : String(error))
      return
    }
    this.fold.apply(event)
    this.#listener.event(this, event)
    if (body.type === 'state' || body.type === 'progress') this.#listener.changed(this)
  }

  setState(state: RunState): void {
    this.append({ type: 'state', state })
  }

  /** The last two events of a run that went wrong. */
  fail(state: 'failed' | 'interrupted', message: string): void {
    this.append({ type: 'error', message })
    this.setState(state)
  }

  close(): void {
    this.#journal.close()
    this.#lock.release()
    this.#settle()
  }

  #diskFailed(message: string): void {
    // Cutting the torn line often leaves room for two short ones: then the failure itself is journaled too.
    for (const body of [{ type: 'error', message } as const, { type: 'state', state: 'failed' } as const]) {
      try {
        const event = this.#journal.append(body, Date.now() - this.#createdMs)
        this.fold.apply(event)
        this.#listener.event(this, event)
      } catch {
        this.fold.fail(message)
      }
    }
    this.diskError = message
    this.controller.abort()
    this.#listener.changed(this)
  }
}
