/** What every part of a layer needs: the model's data, the batch, and who listens. */
import type { Tensor } from '@tensorflow/tfjs-core'
import type { Backend } from '../backends/types.ts'
import type { Batch, LaneGroup } from '../lanes.ts'
import { pointOf, type Site } from '../points.ts'
import type { ModelSpec } from '../spec.ts'
import type { Tap } from '../tap.ts'

export interface PassContext {
  readonly spec: ModelSpec
  readonly backend: Backend
  readonly batch: Batch
  readonly tap: Tap
  /** −1 outside the blocks. */
  readonly layer: number
}

/** Fires a point if anyone wants it; returns the tensor to go on with. */
export function fire<T extends Tensor>(context: PassContext, site: Site, value: T, group: LaneGroup | null = null): T {
  const { tap, layer, batch } = context
  if (!tap.wants(site, layer) && !tap.edits(site, layer)) return value
  return tap.fire({ point: pointOf(site, layer), batch, group }, value)
}

/** Whether a point must be computed for someone. */
export function isWatched(context: PassContext, site: Site): boolean {
  return context.tap.wants(site, context.layer) || context.tap.edits(site, context.layer)
}
