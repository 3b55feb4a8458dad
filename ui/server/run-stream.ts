/**
 * One run on its way to one client. The stream reads the journal from where the client is, then
 * passes on what is journaled, a batch every 60 ms. Where the client does not acknowledge it stops
 * and forgets (so a stalled client holds no memory), and once the client is back it starts again
 * with a fresh snapshot.
 *
 * Events that are journaled while the stream reads are gathered and joined to what was read by
 * their numbers; the numbers decide everything, so an event can neither be lost nor told twice.
 */
import type { JournalEvent, RunId, RunSnapshot } from '../../studies/runs/events.ts'
import { BATCH_MS, type Batch, MAX_TAIL_EVENTS, type WireSnapshot } from '../wire.ts'
import type { AckWindow } from './ack-window.ts'
import { wireBatch, wireSnapshot } from './wire-form.ts'

/** Where a stream reads: the workbench. */
interface RunSource {
  snapshot(run: RunId): Promise<RunSnapshot>
  events(run: RunId, from: number): Promise<readonly JournalEvent[]>
}

/** Where a stream sends: one client's socket. */
export interface RunSink {
  snapshot(run: RunId, snapshot: WireSnapshot, acknowledge: () => void): void
  batch(batch: Batch, acknowledge: () => void): void
  /** The run cannot be read: the stream is over. */
  failed(run: RunId, error: unknown): void
}

export interface RunStreamOptions {
  readonly run: RunId
  readonly source: RunSource
  readonly sink: RunSink
  readonly window: AckWindow
}

/** `reading`: from the journal. `live`: passing on. `stalled`: waiting for acknowledgements. */
type Phase = 'reading' | 'live' | 'stalled' | 'closed'

export class RunStream {
  readonly #options: RunStreamOptions
  #phase: Phase = 'live'
  /** The first event not sent yet. */
  #next = 0
  #pending: JournalEvent[] = []
  #timer: ReturnType<typeof setTimeout> | null = null
  /** Asked for while a read was under way. */
  #wanted: number | null = null

  constructor(options: RunStreamOptions) {
    this.#options = options
  }

  /** Events that wait to be sent: those of one batch, none while the client is stalled. */
  get waiting(): number {
    return this.#pending.length
  }

  /** Starts, or starts again, at the event `from`, the first that the client lacks. */
  watch(from: number): void {
    if (this.#phase === 'closed') return
    if (this.#phase === 'reading') this.#wanted = from
    else if (this.#options.window.full) this.#stall()
    else void this.#read(from)
  }

  /** An event was journaled. */
  push(event: JournalEvent): void {
    if (this.#phase === 'stalled' || this.#phase === 'closed') return
    this.#pending.push(event)
    if (this.#phase === 'live') this.#schedule()
  }

  /** The client has acknowledged all it was sent. */
  drained(): void {
    if (this.#phase === 'stalled') void this.#read(0)
  }

  close(): void {
    this.#phase = 'closed'
    this.#forget()
  }

  async #read(from: number): Promise<void> {
    const { run, source, sink } = this.#options
    this.#phase = 'reading'
    this.#forget()
    try {
      const tail = from > 0 ? await this.#tail(from) : null
      if (this.#closed()) return
      if (tail !== null) {
        this.#next = from
        this.#pending = [...tail, ...this.#pending.filter(event => event.seq >= from + tail.length)]
      } else {
        const snapshot = await source.snapshot(run)
        if (this.#closed()) return
        this.#next = snapshot.seq + 1
        this.#pending = this.#pending.filter(event => event.seq >= this.#next)
        // Another stream of this client may have filled its window meanwhile.
        if (this.#options.window.full) {
          this.#stall()
          return
        }
        if (this.#wanted === null) this.#sendSnapshot(snapshot)
      }
    } catch (error) {
      if (this.#closed()) return
      this.close()
      sink.failed(run, error)
      return
    }
    const wanted = this.#wanted
    this.#wanted = null
    this.#phase = 'live'
    if (wanted !== null) this.watch(wanted)
    else if (this.#pending.length > 0) this.#schedule()
  }

  /** The events from `from` on; null where a snapshot serves better, or where the client is ahead of the journal. */
  async #tail(from: number): Promise<readonly JournalEvent[] | null> {
    const { run, source } = this.#options
    // One event more than the client lacks: without it, the client knows what this journal does not.
    const [known, ...tail] = await source.events(run, from - 1)
    return known?.seq === from - 1 && tail.length <= MAX_TAIL_EVENTS ? tail : null
  }

  #sendSnapshot(snapshot: RunSnapshot): void {
    const { run, sink, window } = this.#options
    sink.snapshot(run, wireSnapshot(snapshot), window.take())
  }

  #schedule(): void {
    this.#timer ??= setTimeout(() => this.#flush(), BATCH_MS)
  }

  #flush(): void {
    const { run, sink, window } = this.#options
    this.#timer = null
    const [first, ...rest] = this.#pending.filter(event => event.seq >= this.#next)
    this.#pending = []
    if (first === undefined) return
    // A hole can only be the workbench's doing; a snapshot mends it, whatever it was.
    if (first.seq !== this.#next) this.watch(0)
    else if (window.full) this.#stall()
    else {
      const batch = wireBatch(run, [first, ...rest])
      this.#next = batch.to + 1
      sink.batch(batch, window.take())
    }
  }

  #stall(): void {
    this.#phase = 'stalled'
    this.#wanted = null
    this.#forget()
  }

  #forget(): void {
    this.#pending = []
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = null
  }

  /** A method, because `close` may have been called since an `await`, which the compiler cannot know. */
  #closed(): boolean {
    return this.#phase === 'closed'
  }
}
