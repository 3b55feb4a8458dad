/** What every part of a layer needs: the model's data, the batch, and who listens. */
import type { Tensor } from '@tensorflow/tfjs-core'
import type { Backend } from '../backends/types.ts'
import { internalError } from '../errors.ts'
import type { Batch, LaneGroup } from '../lanes.ts'
import { pointOf, type Site } from '../points.ts'
import type { LayerSpec, ModelSpec } from '../spec.ts'
import type { Tap } from '../tap.ts'

export interface PassContext {
  readonly spec: ModelSpec
  readonly backend: Backend
  readonly batch: Batch
  readonly tap: Tap
  /** −1 outside the blocks. */
  readonly layer: number
  /** Inside one expert of a mixture. */
  readonly expert?: number
}

/** The spec of the layer that is running. */
export function layerSpecOf({ spec, layer }: PassContext): LayerSpec {
  const found = spec.layers[layer]
  if (found === undefined) throw internalError(`no layer ${layer}`)
  return found
}

/** Fires a point if anyone wants it; returns the tensor to go on with. */
export function fire<T extends Tensor>(context: PassContext, site: Site, value: T, group: LaneGroup | null = null): T {
  if (!isWatched(context, site)) return value
  const { tap, layer, expert, batch } = context
  return tap.fire({ point: pointOf(site, layer, expert), batch, group }, value)
}

/** Whether a point must be computed for someone. */
export function isWatched(context: PassContext, site: Site): boolean {
  const { tap, layer, expert } = context
  return tap.wants(site, layer, expert) || tap.edits(site, layer, expert)
}
