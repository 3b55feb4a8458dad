/**
 * One connected client. Its messages are checked as strangers' words: a name, a run id, a number,
 * and nothing else. Limits, each with its reason:
 *   - 20 messages at once and 10 a second: a page sends one when a run is opened; each may cost a read;
 *   - 2,000 packets at once and 400 a second, acknowledgements included: 16 runs at 17 batches a
 *     second are 270; beyond that the connection is ended;
 *   - one `problem` a second: a flood of bad messages must not become a flood of answers.
 */
import type { DefaultEventsMap, Socket } from 'socket.io'
import type { JournalEvent, RunId } from '../../studies/runs/events.ts'
import type { Workbench } from '../../studies/runs/workbench-types.ts'
import { type ClientToServer, ID_PATTERN, MAX_WATCHED, type ServerToClient } from '../wire.ts'
import { AckWindow } from './ack-window.ts'
import { refusal } from './errors.ts'
import { RateLimit } from './rate-limit.ts'
import { type RunSink, RunStream } from './run-stream.ts'
import { RunsStream } from './runs-stream.ts'

export type ClientSocket = Socket<ClientToServer, ServerToClient, DefaultEventsMap, unknown>

export class SocketSession {
  readonly runs: RunsStream
  readonly #socket: ClientSocket
  readonly #workbench: Workbench
  readonly #streams = new Map<RunId, RunStream>()
  readonly #window = new AckWindow(() => this.#drained())
  readonly #sink: RunSink
  readonly #messages = new RateLimit(20, 10)
  readonly #packets = new RateLimit(2000, 400)
  readonly #problems = new RateLimit(3, 1)

  constructor(socket: ClientSocket, workbench: Workbench) {
    this.#socket = socket
    this.#workbench = workbench
    this.runs = new RunsStream((changed, removed, acknowledge) => socket.emit('runs', changed, removed, acknowledge))
    this.#sink = {
      snapshot: (run, snapshot, acknowledge) => socket.emit('snapshot', run, snapshot, acknowledge),
      batch: (batch, acknowledge) => socket.emit('batch', batch, acknowledge),
      failed: (run, error) => {
        this.#streams.delete(run)
        this.#problem(refusal(error).message, run)
      },
    }
    socket.conn.on('packet', () => {
      if (!this.#packets.take()) socket.disconnect(true)
    })
    // The middleware sees every message before any handler, whatever it is called and holds.
    socket.use(([name, ...words]: readonly unknown[]) => this.#message(name, words))
  }

  event(run: RunId, event: JournalEvent): void {
    this.#streams.get(run)?.push(event)
  }

  removed(run: RunId): void {
    this.#unwatch(run)
    this.runs.removed(run)
  }

  close(): void {
    for (const stream of this.#streams.values()) stream.close()
    this.#streams.clear()
    this.runs.close()
  }

  #message(name: unknown, words: readonly unknown[]): void {
    const [run, from] = words
    if (!this.#messages.take()) this.#problem('socket: too many messages; some were dropped', null)
    else if (name !== 'watch' && name !== 'unwatch') {
      this.#problem('socket: expected the message `watch` or `unwatch`, got another', null)
    } else if (typeof run !== 'string' || !ID_PATTERN.test(run)) {
      this.#problem(`${name}: expected a run's id, got ${kind(run)}`, null)
    } else if (name === 'unwatch') this.#unwatch(run)
    else if (typeof from !== 'number' || !Number.isSafeInteger(from) || from < 0) {
      this.#problem(`watch: expected the number of an event, from 0 up, got ${kind(from)}`, run)
    } else this.#watch(run, from)
  }

  #watch(run: RunId, from: number): void {
    const stream = this.#streams.get(run) ?? this.#open(run)
    if (stream !== null) stream.watch(from)
    else this.#problem(`watch: expected at most ${MAX_WATCHED} runs at a time; close one first`, run)
  }

  #open(run: RunId): RunStream | null {
    if (this.#streams.size >= MAX_WATCHED) return null
    const stream = new RunStream({ run, source: this.#workbench, sink: this.#sink, window: this.#window })
    this.#streams.set(run, stream)
    return stream
  }

  #unwatch(run: RunId): void {
    this.#streams.get(run)?.close()
    this.#streams.delete(run)
  }

  #drained(): void {
    for (const stream of this.#streams.values()) stream.drained()
  }

  #problem(message: string, run: RunId | null): void {
    if (this.#problems.take()) this.#socket.emit('problem', message, run)
  }
}

/** Says what came without repeating it: a stranger's text may be long, or markup. */
function kind(value: unknown): string {
  if (value === undefined) return 'nothing'
  if (value === null || typeof value === 'boolean' || typeof value === 'number') return String(value)
  return typeof value === 'string' ? `a text of ${value.length} characters` : `a value of type ${typeof value}`
}
