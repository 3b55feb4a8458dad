/**
 * Attention patterns of one layer at a stretch of queries. A pass that watches `hook_pattern` holds
 * [head, query, key] of the whole prompt, several times over: gigabytes for 32 heads and 2,000 tokens.
 * Here the layers below run as ever and the layer's attention then on a few queries at a time, lanes
 * over the keys of the whole prompt; what is above the layer is not run at all.
 */
import * as tf from '@tensorflow/tfjs-core'
import { internalError } from '../engine/errors.ts'
import { laneKeys, passContext, RotaryTables } from '../engine/forward.ts'
import { type Batch, batchOf, type KeyValues, type Lane } from '../engine/lanes.ts'
import { attentionHalf } from '../engine/layers/block.ts'
import type { Model } from '../engine/model.ts'
import { type Address, resolvePoint } from '../engine/point-names.ts'
import { pointOf, SITE_IDS } from '../engine/points.ts'
import type { LayerWeights } from '../engine/weights.ts'
import { collectDonors } from './donors.ts'
import { compileEdits, type Edit, isPairwise } from './edit.ts'
import { type PromptRun, runWithHooks } from './hooked.ts'
import { type LaneHooks, LaneTap } from './lane-tap.ts'

/** Weights of a few queries: 16 MB at most, but for a prompt of which one query has more. */
const MAX_WEIGHTS = 4_000_000

/** Weights of some consecutive queries of one run; valid only while they are read. */
export interface PatternPiece {
  readonly run: number
  /** Absolute position of the first query. */
  readonly first: number
  readonly queries: number
  /** Keys 0 … keys − 1; those that a query does not see have no weight. */
  readonly keys: number
  readonly weights: Float32Array // [head, query, key]
}

/** Absolute positions `from` … `from + count − 1`. */
interface QueryStretch {
  readonly from: number
  readonly count: number
}

/** Points of a layer that its pattern depends on, but for the stream that enters it. */
const INSIDE = new Set(SITE_IDS.slice(SITE_IDS.indexOf('resid_pre') + 1, SITE_IDS.indexOf('pattern') + 1))

export interface PatternQuestion extends QueryStretch {
  readonly layer: number
  /** Weights that stand at once, but for a prompt of which one query has more. @default 4 million, 16 MB */
  readonly maxWeights?: number
  readonly signal?: AbortSignal
}

/**
 * Reads the patterns of a layer at the same queries of each run, piece after piece in rising positions,
 * run after run. Beside the pieces it holds the stream of each run up to the last query. A patch of scores
 * or patterns in a layer below makes that layer hold them whole.
 * @throws HookPointError, ShapeError on what the model or a prompt does not have
 */
export async function readPatterns(
  model: Model,
  runs: readonly Pick<PromptRun, 'ids' | 'interventions'>[],
  { layer, from, count, maxWeights = MAX_WEIGHTS, signal }: PatternQuestion,
  read: (piece: PatternPiece) => void,
): Promise<void> {
  const { spec, tokenizer } = model
  // Keys after the last query are seen by none.
  const end = from + count
  const entering = pointOf('resid_pre', layer).name
  const outputs = await runWithHooks(
    model,
    runs.map(run => onWay(model, run, ({ point }) => point.layer < layer || point.name === entering)),
    {
      capture: entering,
      capturePositions: Array.from({ length: end }, (_, position) => position),
      ...(signal === undefined ? {} : { signal }),
    },
  )
  const encode = (text: string): number[] => tokenizer.encode(text)
  const inside = runs.map(run => onWay(model, run, ({ point }) => point.layer === layer && INSIDE.has(point.site)))
  const lookup = await collectDonors(model, inside, encode, runWithHooks, signal)
  for (const [run, { ids, interventions }] of inside.entries()) {
    const edits = compileEdits(spec, interventions, ids.length, encode, lookup).filter(({ position }) => position < end)
    const pending = model.weights.layer(layer)
    const weights = pending instanceof Promise ? await pending : pending
    signal?.throwIfAborted()
    const stream = outputs[run]?.capture.get(entering).data
    if (stream === undefined) throw internalError('a prompt that did not run')
    tf.tidy(() => {
      const attending = { model, layer, weights }
      const rows = tf.tensor2d(stream, [end, spec.dModel])
      const prefix = keysOf(attending, rows, edits)
      const lanes = lanesOf({ from, count }, Math.floor(maxWeights / (spec.heads * end)), prefix)
      const own = tf.slice(rows, [from, 0], [count, spec.dModel])
      attend(attending, own, lanes, ({ start, length }) => ({
        edits: edits.filter(({ position }) => position >= start && position < start + length),
        functions: [
          {
            point: pointOf('pattern', layer),
            run: pattern => {
              read({ run, first: start, queries: length, keys: start + length, weights: model.backend.view(pattern) })
              return undefined
            },
          },
        ],
      }))
    })
  }
}

/** A run with some of its interventions. */
function onWay(
  { spec }: Model,
  { ids, interventions = [] }: Pick<PromptRun, 'ids' | 'interventions'>,
  matters: (address: Address) => boolean,
) {
  return { ids, interventions: interventions.filter(({ at }) => matters(resolvePoint(spec, at))) }
}

interface Attending {
  readonly model: Model
  readonly layer: number
  readonly weights: LayerWeights
}

/** Runs a layer's attention over lanes: rows [rows, d_model] of the stream before it. The caller tidies. */
function attend(
  { model, layer, weights }: Attending,
  rows: tf.Tensor2D,
  lanes: readonly Lane[],
  hooksOf: (lane: Lane) => LaneHooks,
): { batch: Batch; keys: tf.Tensor3D; values: tf.Tensor3D } {
  const batch = batchOf(lanes)
  const rotary = new RotaryTables(batch.positions)
  try {
    const tap = new LaneTap(model.spec, model.backend, new Map(lanes.map(lane => [lane, hooksOf(lane)])))
    const context = passContext(model, batch, tap, layer)
    const { keys, values } = attentionHalf(context, rows, weights, rotary.of(model.spec.layers[layer]?.rotary ?? null))
    return { batch, keys, values }
  } finally {
    rotary.dispose()
  }
}

/** Keys and values of a prompt in one layer: rows [pos, d_model] of the stream before it. The caller tidies. */
function keysOf(attending: Attending, rows: tf.Tensor2D, edits: readonly Edit[]): KeyValues {
  const lane: Lane = { start: 0, length: rows.shape[0], prefix: null }
  const { batch, keys, values } = attend(attending, rows, [lane], () => ({
    edits: edits.filter(({ point }) => !isPairwise(point)),
  }))
  // By layer, and attention reads its own.
  const byLayer = (x: tf.Tensor3D) => Array<tf.Tensor3D>(attending.layer + 1).fill(laneKeys(batch, 0, x, null))
  return { length: lane.length, keys: byLayer(keys), values: byLayer(values) }
}

/** Consecutive queries in lanes of at most `most`, over the keys before each. */
function lanesOf({ from, count }: QueryStretch, most: number, prefix: KeyValues): Lane[] {
  const step = Math.max(1, most)
  return Array.from({ length: Math.ceil(count / step) }, (_, i) => {
    const start = from + i * step
    return { start, length: Math.min(step, from + count - start), prefix: start === 0 ? null : prefix }
  })
}
