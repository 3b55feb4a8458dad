/**
 * The run of a base prompt that a sweep's lanes read from: the stream at every boundary where one
 * joins, the activations that deltas are taken against, and keys and values of every layer. Each can
 * be read as soon as the run is through the layer, so that lanes may go down the layers behind it.
 */
import type { Pass } from '../../engine/convoy.ts'
import { internalError } from '../../engine/errors.ts'
import { disposeKeyValues, embed, KeyValueCollector, runLayers, unembed } from '../../engine/forward.ts'
import { batchOf, type KeyValues, type Lane } from '../../engine/lanes.ts'
import type { Model } from '../../engine/model.ts'
import { type Point, pointOf } from '../../engine/points.ts'
import type { Capture } from '../capture.ts'
import { LaneTap } from '../lane-tap.ts'
import { measure } from '../measure.ts'
import type { Metric } from '../metric.ts'
import type { PlannedPatch } from './resolve.ts'

export interface BaseRun {
  readonly ids: readonly number[]
  /** Of the layers that the run is through. */
  readonly keyValues: KeyValues
  /** What the metrics are without a patch; known when the run has ended. */
  readonly values: Float64Array
  /** The run itself, once. */
  readonly pass: Pass
  /** One row of an activation, a view: [features]. */
  row(point: Point, position: number): Float32Array
  /** Rows `start` … `end` of the stream at a boundary, a view: [rows · d_model]. */
  stream(boundary: number, start: number, end: number): Float32Array
  dispose(): void
}

/** The point that holds the stream at a boundary, of the layer before it where there is one. */
function streamPoint(boundary: number): Point {
  if (boundary === 0) return pointOf('resid_pre', 0)
  return boundary % 2 === 0 ? pointOf('resid_post', boundary / 2 - 1) : pointOf('resid_mid', (boundary - 1) / 2)
}

/**
 * The run of a base prompt up to its measured position. The caller runs its pass, and disposes it
 * however that ended.
 * @param lanes the planned lanes of this base
 */
export function makeBaseRun(
  model: Model,
  ids: readonly number[],
  end: number,
  metrics: readonly Metric[],
  lanes: readonly PlannedPatch[],
  signal: AbortSignal | undefined,
): BaseRun {
  const points = new Map<string, Point>()
  for (const { boundary, deltaAt } of lanes) {
    const stream = streamPoint(boundary)
    points.set(stream.name, stream)
    if (deltaAt !== null) points.set(deltaAt.name, deltaAt)
    // Both embedding points may change in one patch.
    if (deltaAt?.site === 'embed' && model.spec.learnedPositions) points.set('hook_pos_embed', pointOf('pos_embed'))
    if (deltaAt?.site === 'pos_embed') points.set('hook_embed', pointOf('embed'))
  }
  const read = ids.slice(0, end + 1)
  const lane: Lane = { start: 0, length: read.length, prefix: null }
  const batch = batchOf([lane])
  const captures = [...points.values()].map(point => ({ point }))
  const tap = new LaneTap(model.spec, model.backend, new Map([[lane, { captures }]]))
  const collector = new KeyValueCollector(batch)
  const [keyValues] = collector.take()
  if (keyValues === undefined) throw internalError('a base run without keys')
  let values: Float64Array | null = null
  const pass: Pass = async weights => {
    const own = { ...model, weights }
    const stream = await runLayers(own, embed(own, read, batch, tap), batch, {
      tap,
      onLayer: collector.collect,
      ...(signal === undefined ? {} : { signal }),
    })
    try {
      const logits = unembed(own, stream, batch, [end])
      values = measure(own.backend, logits, metrics)[0] ?? new Float64Array()
      logits.dispose()
    } finally {
      stream.dispose()
    }
  }
  const capture = tap.captureOf(lane)
  const width = model.spec.dModel
  return {
    ids,
    keyValues,
    get values() {
      if (values === null) throw internalError('a base run that has not ended')
      return values
    },
    pass,
    row: (point, position) => rowOf(capture, point, position),
    stream: (boundary, start, last) =>
      capture.get(streamPoint(boundary).name).data.subarray(start * width, (last + 1) * width),
    dispose: () => disposeKeyValues(keyValues),
  }
}

function rowOf(capture: Capture, point: Point, position: number): Float32Array {
  const { data, positions } = capture.get(point.name)
  const width = data.length / positions.length
  return data.subarray(position * width, (position + 1) * width)
}
