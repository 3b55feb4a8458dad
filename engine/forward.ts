/**
 * The forward pass over lanes: embed → layers → unembed. There is one such pass; a batch of
 * prompts, a step of generation and a slice of a sweep differ only in their lanes.
 */
import * as tf from '@tensorflow/tfjs-core'
import type { Backend, Weight } from './backends/types.ts'
import { internalError } from './errors.ts'
import { type Batch, batchOf, type KeyValues, type Lane } from './lanes.ts'
import { attentionHalf, enterBlock, joinAttention, joinMlp, mlpHalf } from './layers/block.ts'
import { fire, isWatched, type PassContext } from './layers/context.ts'
import { linear } from './layers/linear.ts'
import { normalize } from './layers/norm.ts'
import { type RotaryTable, rotaryTable } from './layers/rotary.ts'
import type { Model } from './model.ts'
import { SITE_IDS, SITES } from './points.ts'
import type { RotarySpec } from './spec.ts'
import { NO_TAP, type Tap } from './tap.ts'
import type { LayerWeights, LinearWeights, Unembedding } from './weights.ts'

const FINAL_SITES = SITE_IDS.filter(site => SITES[site].stage === 'unembed')

/** Rotary tables of a batch, made once for each rotary setting that the layers use. */
export class RotaryTables {
  readonly #positions: Int32Array
  readonly #tables = new Map<RotarySpec, RotaryTable>()

  constructor(positions: Int32Array) {
    this.#positions = positions
  }

  /** The table for a layer's rotary setting, or null. Stays valid until `dispose`. */
  of(rotary: RotarySpec | null): RotaryTable | null {
    if (rotary === null) return null
    let table = this.#tables.get(rotary)
    if (table === undefined) {
      table = rotaryTable(rotary, this.#positions)
      tf.keep(table.cos)
      tf.keep(table.sin)
      this.#tables.set(rotary, table)
    }
    return table
  }

  dispose(): void {
    for (const table of this.#tables.values()) tf.dispose([table.cos, table.sin])
    this.#tables.clear()
  }
}

export function passContext(model: Model, batch: Batch, tap: Tap, layer: number): PassContext {
  return { spec: model.spec, backend: model.backend, batch, tap, layer }
}

/**
 * Token (and position) embeddings: the stream that layer 0 receives, [rows, d_model].
 * @param ids token ids of the batch's rows, one after another
 */
export function embed(model: Model, ids: ArrayLike<number>, batch: Batch, tap: Tap = NO_TAP): tf.Tensor2D {
  const { spec, weights } = model
  if (ids.length !== batch.rows) throw internalError(`${ids.length} token ids for ${batch.rows} rows`)
  const context = passContext(model, batch, tap, -1)
  const width = spec.dModel
  return tf.tidy(() => {
    const raw = context.backend.create([batch.rows, width], values => {
      for (let row = 0; row < batch.rows; row++) values.set(weights.embedding(ids[row] ?? 0), row * width)
    }) as tf.Tensor2D
    const tokens = fire(
      context,
      'embed',
      spec.embeddingScale === 1 ? raw : tf.mul<tf.Tensor2D>(raw, spec.embeddingScale),
    )
    const table = weights.positions
    if (table === null) return tokens
    const places = new Float32Array(batch.rows * width)
    for (const [row, position] of batch.positions.entries())
      places.set(table.subarray(position * width, (position + 1) * width), row * width)
    return tf.add<tf.Tensor2D>(tokens, fire(context, 'pos_embed', tf.tensor2d(places, [batch.rows, width])))
  })
}

export interface LayerResult {
  /** [rows, d_model], the stream after the layer */
  readonly stream: tf.Tensor2D
  /** [rows, kv_head, d_head] */
  readonly keys: tf.Tensor3D
  /** [rows, kv_head, d_head] */
  readonly values: tf.Tensor3D
}

/** One layer. The caller keeps `stream` and disposes the three results. */
export function runLayer(
  context: PassContext,
  weights: LayerWeights,
  stream: tf.Tensor2D,
  rotary: RotaryTables,
): LayerResult {
  const { spec, layer } = context
  const table = rotary.of(spec.layers[layer]?.rotary ?? null)
  return tf.tidy(() => {
    const pre = enterBlock(context, stream)
    const { out, keys, values } = attentionHalf(context, pre, weights, table)
    if (spec.parallel) {
      const added = tf.add<tf.Tensor2D>(out, mlpHalf(context, pre, weights))
      return { stream: joinMlp(context, pre, added), keys, values }
    }
    const mid = joinAttention(context, pre, out)
    return { stream: joinMlp(context, mid, mlpHalf(context, mid, weights)), keys, values }
  })
}

export interface LayersOptions {
  readonly from?: number
  /** One past the last layer. */
  readonly to?: number
  readonly tap?: Tap
  /** Called after each layer; may copy what it needs, disposes nothing. */
  readonly onLayer?: (layer: number, result: LayerResult) => void
  readonly signal?: AbortSignal
}

/**
 * Runs layers `from` to `to`; disposes the stream it is given and returns the next, [rows, d_model].
 * Between two layers it yields to the event loop where weights come from disk.
 */
export async function runLayers(
  model: Model,
  stream: tf.Tensor2D,
  batch: Batch,
  options: LayersOptions = {},
): Promise<tf.Tensor2D> {
  const { from = 0, to = model.spec.layers.length, tap = NO_TAP, onLayer, signal } = options
  const rotary = new RotaryTables(batch.positions)
  let current = stream
  try {
    for (let layer = from; layer < to; layer++) {
      signal?.throwIfAborted()
      const pending = model.weights.layer(layer)
      const weights = pending instanceof Promise ? await pending : pending
      const result = runLayer(passContext(model, batch, tap, layer), weights, current, rotary)
      current.dispose()
      current = result.stream
      try {
        onLayer?.(layer, result)
      } finally {
        tf.dispose([result.keys, result.values])
      }
    }
    return current
  } catch (error) {
    current.dispose()
    throw error
  } finally {
    rotary.dispose()
  }
}

/**
 * Final norm and unembedding at some rows: [rows.length, vocab]. Keeps `stream`; the caller disposes
 * the result.
 * @param rows rows of the batch whose logits are wanted; all when absent
 */
export function unembed(
  model: Model,
  stream: tf.Tensor2D,
  batch: Batch,
  rows: readonly number[] | null = null,
  tap: Tap = NO_TAP,
): tf.Tensor2D {
  const { spec, weights, backend } = model
  const context = passContext(model, batch, tap, -1)
  const watched = FINAL_SITES.some(site => isWatched(context, site))
  return tf.tidy(() => {
    const pick = (x: tf.Tensor2D) => (rows === null ? x : takeRows(backend, x, rows))
    const input = watched ? stream : pick(stream)
    const normed = normalize(context, input, weights.finalNorm, spec.norm, {
      scale: 'ln_final_scale',
      normalized: 'ln_final_normalized',
    })
    const raw = throughVocabulary(backend, fire(context, 'unembed_in', normed), weights.unembed)
    const cap = spec.logitSoftCap
    const logits = fire(
      context,
      'unembed_out',
      cap === null ? raw : tf.mul<tf.Tensor2D>(tf.tanh(tf.div(raw, cap)), cap),
    )
    return watched ? pick(logits) : logits
  })
}

/** x [rows, d_model] → [rows, vocab], part after part of the vocabulary. The caller tidies. */
function throughVocabulary(backend: Backend, x: tf.Tensor2D, { parts, bias }: Unembedding): tf.Tensor2D {
  const products: tf.Tensor2D[] = []
  for (const part of parts()) products.push(backend.linear(x, part))
  const [first] = products
  const logits = products.length === 1 && first !== undefined ? first : tf.concat(products, 1)
  return bias === null ? logits : tf.add(logits, tf.tensor1d(bias))
}

/**
 * Logits of every row, part after part of the vocabulary, so that they need not be held at once.
 * Keeps `stream`. No hook point fires.
 * @param maxTokens of a part; a backend that holds what it made of a weight gets the weights' own parts
 * @param visit is lent logits [rows, tokens] of the tokens that follow those before
 */
export function unembedInParts(
  model: Model,
  stream: tf.Tensor2D,
  maxTokens: number,
  visit: (logits: tf.Tensor2D) => void,
): void {
  const { spec, weights, backend } = model
  const { bias } = weights.unembed
  const cap = spec.logitSoftCap
  tf.tidy(() => {
    const context = passContext(model, batchOf([]), NO_TAP, -1)
    const normed = normalize(context, stream, weights.finalNorm, spec.norm, null)
    const readsInPlace = backend.windows !== null && backend.dtype === 'f32'
    let first = 0
    for (const whole of weights.unembed.parts())
      for (const weight of readsInPlace ? rowsInParts(whole, maxTokens) : [whole]) {
        const own = bias?.subarray(first, first + weight.outSize) ?? null
        tf.tidy(() => {
          const raw = linear(backend, normed, { weight, bias: own })
          visit(cap === null ? raw : tf.mul<tf.Tensor2D>(tf.tanh(tf.div(raw, cap)), cap))
        })
        first += weight.outSize
      }
  })
}

/** Consecutive rows of a matrix as matrices, without a copy. */
function rowsInParts(weight: Weight, maxRows: number): Weight[] {
  const { name, data, inSize, outSize, transposed } = weight
  if (transposed || outSize <= maxRows) return [weight]
  return Array.from({ length: Math.ceil(outSize / maxRows) }, (_, i) => {
    const [begin, end] = [i * maxRows, Math.min(outSize, (i + 1) * maxRows)]
    return { name, outSize: end - begin, inSize, data: data.subarray(begin * inSize, end * inSize), transposed }
  })
}

/**
 * Logits of some tokens only, for every row of `stream`: [rows, tokens]. Keeps `stream`; the caller
 * disposes the result. No hook point fires.
 */
export function unembedTokens(model: Model, stream: tf.Tensor2D, tokens: readonly number[]): tf.Tensor2D {
  const { spec, weights, backend } = model
  const { bias } = weights.unembed
  const part: LinearWeights = {
    weight: {
      name: `unembedding, ${tokens.length} rows`,
      outSize: tokens.length,
      inSize: spec.dModel,
      data: weights.unembed.rows(tokens),
      transposed: false,
    },
    bias: bias === null ? null : Float32Array.from(tokens, token => bias[token] ?? 0),
  }
  try {
    return tf.tidy(() => {
      const context = passContext(model, batchOf([]), NO_TAP, -1)
      const raw = linear(backend, normalize(context, stream, weights.finalNorm, spec.norm, null), part)
      const cap = spec.logitSoftCap
      return cap === null ? raw : tf.mul<tf.Tensor2D>(tf.tanh(tf.div(raw, cap)), cap)
    })
  } finally {
    backend.release(part.weight)
  }
}

/** Rows of a matrix by number: [rows.length, width]. The caller disposes. */
export function takeRows(backend: Backend, x: tf.Tensor2D, rows: readonly number[]): tf.Tensor2D {
  if (!backend.onHost) return tf.tidy(() => tf.gather(x, tf.tensor1d(Int32Array.from(rows), 'int32')))
  // A row is a copy of memory; the kernel goes element by element.
  const width = x.shape[1]
  return backend.create([rows.length, width], taken => {
    const values = backend.view(x)
    for (const [to, from] of rows.entries()) taken.set(values.subarray(from * width, (from + 1) * width), to * width)
  }) as tf.Tensor2D
}

/** Keys or values of one lane of a batch, its prefix's before them: [kv_head, pos, d_head]. The caller tidies or keeps. */
export function laneKeys(batch: Batch, lane: number, x: tf.Tensor3D, before: tf.Tensor3D | null): tf.Tensor3D {
  const place = batch.lanes[lane]
  const row = batch.rowOf[lane]
  if (place === undefined || row === undefined) throw internalError(`no lane ${lane}`)
  const [, heads, width] = x.shape
  const own = tf.transpose(tf.slice(x, [row, 0, 0], [place.length, heads, width]), [1, 0, 2])
  if (before === null || place.start === 0) return own
  return tf.concat([tf.slice(before, [0, 0, 0], [heads, place.start, width]), own], 1)
}

/** Collects the keys and values of every lane as layers run; pass `collect` as `onLayer`. */
export class KeyValueCollector {
  readonly #batch: Batch
  readonly #wanted: readonly boolean[]
  readonly #keys: tf.Tensor3D[][]
  readonly #values: tf.Tensor3D[][]

  /** @param wanted which lanes' keys and values; all when absent */
  constructor(batch: Batch, wanted: readonly boolean[] = batch.lanes.map(() => true)) {
    this.#batch = batch
    this.#wanted = wanted
    this.#keys = batch.lanes.map(() => [])
    this.#values = batch.lanes.map(() => [])
  }

  readonly collect = (layer: number, result: LayerResult): void => {
    for (const [index, lane] of this.#batch.lanes.entries()) {
      if (this.#wanted[index] !== true) continue
      const keep = (x: tf.Tensor3D, before: tf.Tensor3D | undefined) =>
        tf.keep(tf.tidy(() => laneKeys(this.#batch, index, x, before ?? null)))
      this.#keys[index]?.push(keep(result.keys, lane.prefix?.keys[layer]))
      this.#values[index]?.push(keep(result.values, lane.prefix?.values[layer]))
    }
  }

  /**
   * The caches, one a lane; the caller disposes them with `disposeKeyValues`. They may be taken before
   * the pass, and then fill as layers run.
   */
  take(): KeyValues[] {
    return this.#batch.lanes.map((lane: Lane, index) => ({
      length: lane.start + lane.length,
      keys: this.#keys[index] ?? [],
      values: this.#values[index] ?? [],
    }))
  }

  /** Gives up what was collected, after an error. */
  dispose(): void {
    tf.dispose([this.#keys, this.#values])
  }
}

export function disposeKeyValues(cache: KeyValues): void {
  tf.dispose([...cache.keys, ...cache.values])
}
