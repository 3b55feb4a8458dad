/**
 * A model that shares its process: before each layer of a pass the event loop turns, so that a run's
 * next slice, its cells and a question taken back get in. A long prompt takes seconds a pass on a large
 * model; nobody else waits for more than one layer of it.
 */
import { setImmediate as turn } from 'node:timers/promises'
import type { Model } from '../../../engine/model.ts'

/** The same model for one question; its passes end with the signal's reason when nobody waits any more. */
export function yielding(model: Model, signal?: AbortSignal): Model {
  const { weights } = model
  const layer: Model['weights']['layer'] = async index => {
    await turn()
    signal?.throwIfAborted()
    return weights.layer(index)
  }
  return { ...model, weights: { ...weights, layer } }
}
