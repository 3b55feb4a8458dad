/**
 * Texts that are generated beside the runs: they wait until no run computes or waits, and say so.
 * A run that comes later waits in the engine until the text is done; so does another text.
 */
import type { EngineClient } from './engine-client.ts'
import type { GenerateCall } from './protocol.ts'
import type { RunQueue } from './run-queue.ts'
import type { GenerateEvent } from './workbench-types.ts'

export class Generations {
  readonly #engine: EngineClient
  readonly #queue: RunQueue
  readonly #open = new Set<GenerateCall>()

  constructor(engine: EngineClient, queue: RunQueue) {
    this.#engine = engine
    this.#queue = queue
  }

  /** Whether a text computes on a model of another folder. */
  onAnother(dir: string): boolean {
    return [...this.#open].some(call => call.dir !== dir)
  }

  async generate(call: GenerateCall, onEvent: (event: GenerateEvent) => void, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted()
    await this.#behindRuns(onEvent, signal)
    if (this.#open.size > 0) onEvent({ type: 'waiting', text: 'Another text is being generated; this one comes next.' })
    this.#open.add(call)
    try {
      await this.#engine.request('generate', call, { signal, onGenerated: onEvent })
    } catch (error) {
      signal.throwIfAborted()
      throw error
    } finally {
      this.#open.delete(call)
    }
  }

  async #behindRuns(onEvent: (event: GenerateEvent) => void, signal: AbortSignal): Promise<void> {
    let stop = () => {}
    const stopped = new Promise<void>(resolve => {
      stop = resolve
    })
    signal.addEventListener('abort', stop, { once: true })
    try {
      for (let runs = this.#queue.all(); runs.length > 0; runs = this.#queue.all()) {
        const [first] = runs
        const many = runs.length === 1 ? 'when it is done' : `after it and ${runs.length - 1} more in the queue`
        onEvent({
          type: 'waiting',
          text: `The run “${first?.fold.record.studyTitle ?? ''}” computes; the text begins ${many}.`,
        })
        await Promise.race([stopped, Promise.all(runs.map(run => run.settled))])
        signal.throwIfAborted()
      }
    } finally {
      signal.removeEventListener('abort', stop)
    }
  }
}
