/**
 * How fast runs went, to say how long the next will take: floating-point operations a millisecond,
 * for each study on each model, since a study's overhead is its own.
 */
import type { RunId, RunState } from './events.ts'
import type { RunFold } from './fold.ts'

const ENDED: readonly RunState[] = ['done', 'cancelled', 'failed', 'interrupted']

export class Speed {
  /** By study and model folder. */
  readonly #flopsPerMs = new Map<string, number>()
  readonly #watched = new Map<RunId, { readonly flops: number; beganMs: number }>()

  /** A fresh run, and what it was estimated to take whole. */
  watch(run: RunId, flops: number): void {
    this.#watched.set(run, { flops, beganMs: Number.NaN })
  }

  /** Milliseconds: from such a run before, else from the rate of matrix products, which is the least it can take. */
  expectedMs(dir: string, study: string, flops: number, gflops: number): number {
    return flops / (this.#flopsPerMs.get(`${study} ${dir}`) ?? gflops * 1e6)
  }

  /** Hears of a run's new state; learns the rate when a watched one ends well. */
  follow(fold: RunFold): void {
    const { id, study, model } = fold.record
    const watched = this.#watched.get(id)
    if (watched === undefined) return
    if (fold.state === 'running' && Number.isNaN(watched.beganMs)) watched.beganMs = performance.now()
    if (!ENDED.includes(fold.state)) return
    this.#watched.delete(id)
    const tookMs = performance.now() - watched.beganMs
    if (fold.state === 'done' && tookMs > 0 && watched.flops > 0) {
      this.#flopsPerMs.set(`${study} ${model.dir}`, watched.flops / tookMs)
    }
  }
}
