/**
 * A tap is what the forward pass knows of hooks: it says which points it wants and may give back
 * other values. `hooks/` builds captures and interventions on it.
 *
 * The tensor that a tap receives belongs to the pass and nobody else sees it, so a tap may change
 * it in place. Within one pass a lane meets each point exactly once; lanes of different shapes meet
 * scores and patterns in separate calls.
 */
import type { Tensor } from '@tensorflow/tfjs-core'
import type { Batch, LaneGroup } from './lanes.ts'
import type { Point, Site } from './points.ts'

export interface Firing {
  readonly point: Point
  readonly batch: Batch
  /** For scores and patterns: the lanes of this call. Null: all lanes, their rows one after another. */
  readonly group: LaneGroup | null
}

export interface Tap {
  /** Points that nobody wants are not even computed, where that saves work. */
  wants(site: Site, layer: number, expert?: number): boolean
  /** Whether `fire` may change values at this point. */
  edits(site: Site, layer: number, expert?: number): boolean
  /**
   * `value`: [rows, …] over all lanes of the batch, or [lane, head, query, key] of one group.
   * @returns the tensor to go on with: `value` itself, or another of the same shape.
   */
  fire<T extends Tensor>(firing: Firing, value: T): T
}

export const NO_TAP: Tap = { wants: () => false, edits: () => false, fire: (_, value) => value }
