/**
 * A long lane goes through attention in blocks of queries; watched patterns make it go in one piece.
 * Both must be the same pass.
 */
import * as tf from '@tensorflow/tfjs-core'
import { describe, expect, it } from 'vitest'
import { disposeKeyValues, KeyValueCollector, runLayers } from '../../engine/forward.ts'
import { batchOf, type Lane } from '../../engine/lanes.ts'
import { NO_TAP, type Tap } from '../../engine/tap.ts'
import { expectClose } from '../support/close.ts'
import { openFixture, usableBackends } from '../support/models.ts'
import { randomValues } from '../support/random.ts'
import { expectNoTensorLeaks } from '../support/tensors.ts'

const LENGTH = 300
const CUT = 37
/** Watches every pattern and changes nothing. */
const WATCHING: Tap = { ...NO_TAP, wants: site => site === 'pattern' }

describe.each(await usableBackends())('on %s', backend => {
  expectNoTensorLeaks()

  it.each(['llama-gqa-tied', 'mistral-window', 'gemma2'])(
    '%s: blocks of queries equal one piece, over a prefix too',
    async name => {
      const model = await openFixture(name, backend)
      const width = model.spec.dModel
      const values = randomValues(LENGTH * width, 5)
      const run = async (lanes: Lane[], rows: Float32Array, tap: Tap) => {
        const batch = batchOf(lanes)
        const keep = new KeyValueCollector(batch)
        const out = await runLayers(model, tf.tensor2d(rows, [batch.rows, width]), batch, {
          tap,
          onLayer: keep.collect,
        })
        const result = Float32Array.from(model.backend.view(out))
        out.dispose()
        return { result, caches: keep.take() }
      }
      const whole: Lane = { start: 0, length: LENGTH, prefix: null }
      const blocks = await run([whole], values, NO_TAP)
      const piece = await run([whole], values, WATCHING)
      expectClose(blocks.result, piece.result, { atol: 1e-5, rtol: 1e-5 })
      const [prefix] = blocks.caches
      expect(prefix?.length).toBe(LENGTH)
      // Twice, so that the group has several lanes.
      const rest = { start: CUT, length: LENGTH - CUT, prefix: prefix ?? null }
      const tail = values.subarray(CUT * width)
      const twice = new Float32Array(2 * tail.length)
      twice.set(tail)
      twice.set(tail, tail.length)
      const after = await run([rest, { ...rest }], twice, NO_TAP)
      const expected = blocks.result.subarray(CUT * width)
      expectClose(after.result.subarray(0, expected.length), expected, { atol: 1e-5, rtol: 1e-5 })
      expectClose(after.result.subarray(expected.length), expected, { atol: 1e-5, rtol: 1e-5 })
      for (const cache of [...blocks.caches, ...piece.caches, ...after.caches]) disposeKeyValues(cache)
      await model.dispose()
    },
  )
})
