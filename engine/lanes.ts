/**
 * Lanes and batches. A lane is a stretch of consecutive positions of one sequence plus a view of
 * the keys and values before it. A batch lays the rows of its lanes one after another in one
 * `[rows, d_model]` tensor; lanes that share a prefix, a start and a length stand together, so that
 * attention serves each such group with a few products.
 */
import type { Tensor3D } from '@tensorflow/tfjs-core'
import { internalError } from './errors.ts'

/** Keys and values of one sequence, a pair a layer; keys are after norm and rotary. */
export interface KeyValues {
  readonly length: number
  /** [kv_head, pos, d_head] by layer */
  readonly keys: readonly Tensor3D[]
  /** [kv_head, pos, d_head] by layer */
  readonly values: readonly Tensor3D[]
}

export interface Lane {
  /** Position of the lane's first row in its sequence. */
  readonly start: number
  /** Number of rows. */
  readonly length: number
  /** Holds at least positions 0 … start − 1; null when the lane starts at 0. */
  readonly prefix: KeyValues | null
}

/** Lanes of equal prefix, start and length, whose rows are consecutive. */
export interface LaneGroup {
  readonly firstLane: number
  readonly count: number
  readonly row: number
  readonly start: number
  readonly length: number
  readonly prefix: KeyValues | null
}

export interface Batch<L extends Lane = Lane> {
  readonly lanes: readonly L[]
  /** First row of each lane. */
  readonly rowOf: readonly number[]
  readonly rows: number
  /** Absolute position of each row. */
  readonly positions: Int32Array
  readonly groups: readonly LaneGroup[]
}

/** Lays lanes out in the order given; neighbours that are alike form a group. */
export function batchOf<L extends Lane>(lanes: readonly L[]): Batch<L> {
  const rowOf: number[] = []
  const groups: LaneGroup[] = []
  let rows = 0
  for (const [index, lane] of lanes.entries()) {
    if (lane.length < 1) throw internalError('a lane of no rows')
    if (lane.start > 0 && (lane.prefix === null || lane.prefix.length < lane.start))
      throw internalError(`a lane that starts at ${lane.start} without the keys before it`)
    const last = groups.at(-1)
    const same =
      last !== undefined && last.prefix === lane.prefix && last.start === lane.start && last.length === lane.length
    if (same) groups[groups.length - 1] = { ...last, count: last.count + 1 }
    else
      groups.push({
        firstLane: index,
        count: 1,
        row: rows,
        start: lane.start,
        length: lane.length,
        prefix: lane.prefix,
      })
    rowOf.push(rows)
    rows += lane.length
  }
  const positions = new Int32Array(rows)
  for (const [index, lane] of lanes.entries()) {
    const row = rowOf[index] ?? 0
    for (let i = 0; i < lane.length; i++) positions[row + i] = lane.start + i
  }
  return { lanes, rowOf, rows, positions, groups }
}
