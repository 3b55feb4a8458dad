/** The queue: one run computes at a time, in the order they came; each ends in a journaled state. */

import type { ActiveRun } from './active-run.ts'
import { type EngineClient, EngineGoneError } from './engine-client.ts'

/** A cancel waits this long for the engine to come to the end of its slice before it answers. */
const CANCEL_PATIENCE_MS = 5000

export interface QueueListener {
  /** The study begins; `source` is the text of its file where it is a user's own. */
  began(run: ActiveRun, source: string | null): void
  settled(run: ActiveRun): void
}

export class RunQueue {
  readonly #engine: EngineClient
  readonly #waiting: ActiveRun[] = []
  #current: ActiveRun | null = null
  readonly #stoppingSince = new Map<string, number>()
  readonly #listener: QueueListener

  constructor(engine: EngineClient, listener: QueueListener) {
    this.#engine = engine
    this.#listener = listener
  }

  /** The run with this id, if it waits or computes here. */
  find(id: string): ActiveRun | null {
    return this.all().find(run => run.id === id) ?? null
  }

  all(): readonly ActiveRun[] {
    return this.#current === null ? this.#waiting : [this.#current, ...this.#waiting]
  }

  add(run: ActiveRun): void {
    this.#waiting.push(run)
    run.setState('queued')
    this.#next()
  }

  /**
   * Stops a run between two slices and waits for that, but not for ever: the answer may come while
   * the engine is still in a slice. Asked again after that time, it ends the engine's process.
   */
  async cancel(run: ActiveRun): Promise<void> {
    if (this.#current !== run) {
      const at = this.#waiting.indexOf(run)
      if (at >= 0) this.#waiting.splice(at, 1)
      run.setState(run.stopState)
      this.#rest(run)
      return
    }
    const since = this.#stoppingSince.get(run.id)
    if (since !== undefined && performance.now() - since > CANCEL_PATIENCE_MS) this.#engine.kill()
    if (since === undefined) this.#stoppingSince.set(run.id, performance.now())
    run.controller.abort()
    await settledWithin(run, CANCEL_PATIENCE_MS)
  }

  /** Ends everything: runs become `interrupted`. Waits at most `graceMs` for the engine. */
  async close(graceMs: number): Promise<void> {
    for (const run of [...this.#waiting]) {
      run.stopState = 'interrupted'
      await this.cancel(run)
    }
    const run = this.#current
    if (run === null) return
    run.stopState = 'interrupted'
    run.controller.abort()
    await settledWithin(run, graceMs)
    if (this.#current !== run) return
    this.#engine.kill()
    await run.settled
  }

  #next(): void {
    if (this.#current !== null) return
    const run = this.#waiting.shift()
    if (run === undefined) return
    this.#current = run
    void this.#execute(run)
  }

  async #execute(run: ActiveRun): Promise<void> {
    run.setState('loading')
    const { record, figures } = run.fold
    try {
      const { outcome } = await this.#engine.request(
        'run',
        {
          dir: record.model.dir,
          study: run.study,
          params: record.params,
          seed: record.seed,
          library: record.library,
          resumed: [...figures.values()],
        },
        {
          signal: run.controller.signal,
          onBegan: source => {
            run.setState('running')
            this.#listener.began(run, source)
          },
          onEvents: events => {
            for (const event of events) run.append(event)
          },
        },
      )
      run.setState(outcome === 'done' ? 'done' : run.stopState)
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error)
      if (!(error instanceof EngineGoneError)) run.fail('failed', message)
      else if (run.controller.signal.aborted) run.setState(run.stopState)
      else run.fail('interrupted', `${message}; what was journaled is kept: resume the run to do the rest`)
    }
    this.#current = null
    this.#rest(run)
    this.#next()
  }

  #rest(run: ActiveRun): void {
    this.#stoppingSince.delete(run.id)
    this.#listener.settled(run)
    run.close()
  }
}

async function settledWithin(run: ActiveRun, ms: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const patience = new Promise<void>(resolve => {
    timer = setTimeout(resolve, ms)
  })
  await Promise.race([run.settled, patience])
  clearTimeout(timer)
}
