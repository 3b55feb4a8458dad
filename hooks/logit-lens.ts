/**
 * The logit lens: final norm and unembedding applied to residual streams from anywhere in the model,
 * as if it ended there. Source: nostalgebraist, “interpreting GPT: the logit lens” (2020).
 */
import { setImmediate as turn } from 'node:timers/promises'
import { tensor2d, tidy } from '@tensorflow/tfjs-core'
import { ShapeError } from '../engine/errors.ts'
import { unembed } from '../engine/forward.ts'
import { batchOf } from '../engine/lanes.ts'
import type { Model } from '../engine/model.ts'
import { largest } from './largest.ts'
import { rowSums } from './measure.ts'

/** Logits that stand at once: about 16 MB, so that what else the process does gets its turn. */
const LOGITS_AT_ONCE = 4_000_000
/** The same where the unembedding is widened anew each time: 128 MB, so that it is a few times and not a hundred. */
const LOGITS_AT_ONCE_FROM_DISK = 32_000_000

/** The distribution of one row, while it stands. */
export interface LensRow {
  /** [vocab] */
  readonly logits: Float32Array
  /** ln Σ exp of them. */
  readonly logSum: number
}

/**
 * Reads residual streams, some at a time.
 * @param streams [rows, d_model], one row after another: a capture of `hook_resid_post`, say
 * @param read gets each row in order; its logits are valid only during the call
 */
export async function logitLens(
  model: Model,
  streams: Float32Array,
  read: (row: number, found: LensRow) => void,
  signal?: AbortSignal,
): Promise<void> {
  const { dModel, vocab } = model.spec
  const rows = streams.length / dModel
  if (!Number.isInteger(rows))
    throw new ShapeError(`logit lens: expected rows of ${dModel} numbers, got ${streams.length} numbers`)
  const atOnce = model.weights.residency === 'disk' ? LOGITS_AT_ONCE_FROM_DISK : LOGITS_AT_ONCE
  const step = Math.max(2, Math.floor(atOnce / vocab))
  for (let first = 0; first < rows; first += step) {
    await turn()
    signal?.throwIfAborted()
    const count = Math.min(step, rows - first)
    tidy(() => {
      const stream = tensor2d(streams.slice(first * dModel, (first + count) * dModel), [count, dModel])
      const logits = unembed(model, stream, batchOf([]))
      const { logSum } = rowSums(model.backend, logits)
      const view = model.backend.view(logits)
      for (let row = 0; row < count; row++)
        read(first + row, {
          logits: view.subarray(row * vocab, (row + 1) * vocab),
          logSum: logSum[row] ?? Number.NaN,
        })
    })
  }
}

/** The likeliest tokens of a row with their probabilities. */
export function likeliest({ logits, logSum }: LensRow, count: number): { id: number; prob: number }[] {
  return largest(logits, count).map(id => ({ id, prob: Math.exp((logits[id] ?? Number.NaN) - logSum) }))
}
