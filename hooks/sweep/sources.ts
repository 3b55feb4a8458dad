/**
 * The prompts that a sweep reads from: its base prompts, and the donors of its patches. They run
 * together, as lanes of one batch: a short prompt alone would be all waiting for weights. What a
 * source gives can be read as soon as the pass is through the layer, so that lanes may go down the
 * layers behind it.
 */
import type * as tf from '@tensorflow/tfjs-core'
import type { Pass } from '../../engine/convoy.ts'
import { embed, KeyValueCollector, runLayers, takeRows, unembed } from '../../engine/forward.ts'
import { batchOf, type KeyValues, type Lane } from '../../engine/lanes.ts'
import type { Model } from '../../engine/model.ts'
import { type Point, SITES } from '../../engine/points.ts'
import { checkPrompt } from '../../engine/prompt.ts'
import type { Capture } from '../capture.ts'
import { LaneTap } from '../lane-tap.ts'

export interface SourceRequest {
  readonly ids: readonly number[]
  readonly points: readonly Point[]
  /** Where the points are copied. @default everywhere */
  readonly positions?: readonly number[]
  /** Whether lanes go on from its keys and values. */
  readonly keepsKeys: boolean
  /** Takes the end of the pass: its last stream, lent, [ids.length, d_model]. */
  readonly finish?: (model: Model, stream: tf.Tensor2D) => void
}

export interface Source {
  readonly capture: Capture
  /** Of the layers that the pass is through; empty where they are not kept. The caller disposes them. */
  readonly keyValues: KeyValues
}

/** Rows of one batch: more would only take more memory. */
const MAX_ROWS = 1024

/**
 * Passes over some sources, and for each request in turn what it gives.
 * @throws ShapeError for a prompt that the model cannot run
 */
export function sourcePasses(
  model: Model,
  requests: readonly SourceRequest[],
  signal: AbortSignal | undefined,
): { readonly sources: readonly Source[]; readonly passes: readonly Pass[] } {
  for (const { ids } of requests) checkPrompt(model, ids)
  const batches = batchesOf(requests).map(some => sourcePass(model, some, signal))
  return { sources: batches.flatMap(({ sources }) => sources), passes: batches.map(({ pass }) => pass) }
}

function batchesOf(requests: readonly SourceRequest[]): SourceRequest[][] {
  const batches: SourceRequest[][] = []
  let rows = 0
  for (const request of requests) {
    const last = batches.at(-1)
    if (last === undefined || rows + request.ids.length > MAX_ROWS) {
      batches.push([request])
      rows = request.ids.length
    } else {
      last.push(request)
      rows += request.ids.length
    }
  }
  return batches
}

function sourcePass(
  model: Model,
  requests: readonly SourceRequest[],
  signal: AbortSignal | undefined,
): { readonly sources: readonly Source[]; readonly pass: Pass } {
  const batch = batchOf(requests.map(({ ids }): Lane => ({ start: 0, length: ids.length, prefix: null })))
  const members = batch.lanes.map((lane, i) => ({ lane, first: batch.rowOf[i] ?? 0, request: requests[i] }))
  const hooks = members.map(({ lane, request }) => {
    const at = request?.positions === undefined ? {} : { positions: request.positions }
    return [lane, { captures: (request?.points ?? []).map(point => ({ point, ...at })) }] as const
  })
  const tap = new LaneTap(model.spec, model.backend, new Map(hooks))
  const collector = new KeyValueCollector(
    batch,
    members.map(({ request }) => request?.keepsKeys === true),
  )
  const keys = collector.take()
  const pass: Pass = async weights => {
    const own = { ...model, weights }
    const ids = requests.flatMap(request => request.ids)
    const stream = await runLayers(own, embed(own, ids, batch, tap), batch, {
      tap,
      onLayer: collector.collect,
      ...(signal === undefined ? {} : { signal }),
    })
    try {
      for (const { lane, first, request } of members) {
        const reachesEnd = request?.points.some(({ site }) => SITES[site].stage === 'unembed') === true
        if (!reachesEnd && request?.finish === undefined) continue
        const rows = takeRows(
          model.backend,
          stream,
          Array.from({ length: lane.length }, (_, i) => first + i),
        )
        try {
          if (reachesEnd) unembed(own, rows, batchOf([lane]), null, tap).dispose()
          request?.finish?.(own, rows)
        } finally {
          rows.dispose()
        }
      }
    } finally {
      stream.dispose()
    }
  }
  return {
    sources: members.map(({ lane }, i) => ({
      capture: tap.captureOf(lane),
      keyValues: keys[i] ?? { length: 0, keys: [], values: [] },
    })),
    pass,
  }
}
