/** Generation over kept keys and values equals full passes over the whole text so far. */
import type { Tensor } from '@tensorflow/tfjs-core'
import { generate } from '../../engine/generate.ts'
import type { Model } from '../../engine/model.ts'
import type { Firing, Tap } from '../../engine/tap.ts'
import { runWithHooks } from '../hooked.ts'
import { relativeError } from './error.ts'
import type { Subject } from './subject.ts'

const STEPS = 4

/** Collects the logits after the last position of each pass. */
class LastLogits implements Tap {
  readonly #model: Model
  readonly found: Float32Array[] = []

  constructor(model: Model) {
    this.#model = model
  }

  wants(site: string): boolean {
    return site === 'unembed_out'
  }

  edits(): boolean {
    return false
  }

  fire<T extends Tensor>(_: Firing, value: T): T {
    this.found.push(this.#model.backend.view(value).slice(-this.#model.spec.vocab))
    return value
  }
}

export async function cacheError({ model, runs }: Subject): Promise<number> {
  let worst = 0
  for (const { ids } of runs) {
    const tap = new LastLogits(model)
    const text = [...ids]
    const options = { maxTokens: STEPS, eosIds: [], temperature: 0, tapOf: () => tap }
    for await (const { id } of generate(model, ids, options)) text.push(id)
    // The last generated token was never run.
    const [whole] = await runWithHooks(model, [{ ids: text.slice(0, -1) }], { logits: 'all' })
    for (const [step, logits] of tap.found.entries())
      worst = Math.max(worst, relativeError(logits, whole?.logits[ids.length - 1 + step] ?? []))
  }
  return worst
}
