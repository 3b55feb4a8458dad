/**
 * The run of a base prompt that a sweep's lanes read from: the stream at every boundary where one
 * joins, the activations that deltas are taken against, and keys and values of every layer. Each can
 * be read as soon as the run is through the layer, so that lanes may go down the layers behind it.
 */
import { internalError } from '../../engine/errors.ts'
import { unembed } from '../../engine/forward.ts'
import { batchOf, type KeyValues, type Lane } from '../../engine/lanes.ts'
import type { Model } from '../../engine/model.ts'
import { type Point, pointOf } from '../../engine/points.ts'
import type { Capture } from '../capture.ts'
import { measure } from '../measure.ts'
import type { Metric } from '../metric.ts'
import type { PlannedPatch } from './resolve.ts'
import type { Source, SourceRequest } from './sources.ts'

export interface BaseRun {
  /** Of the layers that the run is through. */
  readonly keyValues: KeyValues
  /** What the metrics are without a patch; known when the run has ended. */
  readonly values: Float64Array
  /** One row of an activation, a view: [features]. */
  row(point: Point, position: number): Float32Array
  /** Rows `start` … `end` of the stream at a boundary, a view: [rows · d_model]. */
  stream(boundary: number, start: number, end: number): Float32Array
}

/** The point that holds the stream at a boundary, of the layer before it where there is one. */
function streamPoint(boundary: number): Point {
  if (boundary === 0) return pointOf('resid_pre', 0)
  return boundary % 2 === 0 ? pointOf('resid_post', boundary / 2 - 1) : pointOf('resid_mid', (boundary - 1) / 2)
}

/** A base prompt that is to run, and what it will be once it has. */
export interface PlannedBase {
  readonly request: SourceRequest
  ran(source: Source): BaseRun
}

/**
 * The run of a base prompt.
 * @param ids as far as it is measured, or its lanes go
 * @param measured the position that metrics read
 * @param lanes the planned lanes of this base
 */
export function planBase(
  { spec }: Model,
  ids: readonly number[],
  measured: number,
  metrics: readonly Metric[],
  lanes: readonly PlannedPatch[],
): PlannedBase {
  const points = new Map<string, Point>()
  for (const { boundary, deltaAt } of lanes) {
    const stream = streamPoint(boundary)
    points.set(stream.name, stream)
    if (deltaAt !== null) points.set(deltaAt.name, deltaAt)
    // Both embedding points may change in one patch.
    if (deltaAt?.site === 'embed' && spec.learnedPositions) points.set('hook_pos_embed', pointOf('pos_embed'))
    if (deltaAt?.site === 'pos_embed') points.set('hook_embed', pointOf('embed'))
  }
  const width = spec.dModel
  let values: Float64Array | null = null
  return {
    request: {
      ids,
      points: [...points.values()],
      keepsKeys: true,
      finish(model, stream) {
        const lane: Lane = { start: 0, length: ids.length, prefix: null }
        const logits = unembed(model, stream, batchOf([lane]), [measured])
        values = measure(model.backend, logits, metrics)[0] ?? new Float64Array()
        logits.dispose()
      },
    },
    ran: ({ capture, keyValues }) => ({
      keyValues,
      get values() {
        if (values === null) throw internalError('a base run that has not ended')
        return values
      },
      row: (point, position) => rowOf(capture, point, position),
      stream: (boundary, start, last) =>
        capture.get(streamPoint(boundary).name).data.subarray(start * width, (last + 1) * width),
    }),
  }
}

function rowOf(capture: Capture, point: Point, position: number): Float32Array {
  const { data, positions } = capture.get(point.name)
  const width = data.length / positions.length
  return data.subarray(position * width, (position + 1) * width)
}
