/** [C6] Patterns read a few queries at a time, against a capture of them whole, in families whose attention differs. */
import { fileURLToPath } from 'node:url'
import * as tf from '@tensorflow/tfjs-core'
import { describe, expect, it } from 'vitest'
import { loadModel } from '../../engine/load.ts'
import type { Model } from '../../engine/model.ts'
import { pointOf } from '../../engine/points.ts'
import { type PatternPiece, readPatterns } from '../../hooks/attention-patterns.ts'
import { type PromptRun, runWithHooks } from '../../hooks/hooked.ts'
import type { Intervention } from '../../hooks/intervention.ts'
import { expectClose } from '../support/close.ts'
import { countingLayers } from '../support/counting-layers.ts'
import { openFixture, promptOf, usableBackends } from '../support/models.ts'
import { expectNoTensorLeaks } from '../support/tensors.ts'

expectNoTensorLeaks()

const DEMO = fileURLToPath(new URL('../../engine/demo/checkpoint', import.meta.url))
const LAYER = 1
const LENGTH = 9

/** Nothing, and a patch at every kind of place that a pattern depends on, of which some must not matter. */
function runsOf(model: Model): PromptRun[] {
  const { dModel, dHead, layers } = model.spec
  const ids = promptOf(model, LENGTH, 1)
  const donor = promptOf(model, LENGTH, 2)
  const patched = (...interventions: Intervention[]): PromptRun => ({ ids, interventions })
  const add = { add: new Array(dModel).fill(0.3) }
  return [
    { ids },
    patched({ at: 'blocks.0.hook_resid_pre', position: 2, set: { from: donor } }),
    // Added, so that a patch that was made twice shows.
    patched({ at: `blocks.${LAYER}.hook_resid_pre`, position: [1, 6], set: add }),
    patched({ at: `blocks.${LAYER}.attn.hook_k`, head: 0, position: 1, set: { value: new Array(dHead).fill(0.5) } }),
    patched({ at: `blocks.${LAYER}.attn.hook_q`, position: 7, set: { from: donor } }),
    patched({ at: `blocks.${LAYER}.attn.hook_attn_scores`, head: 1, position: 7, set: { scale: 3 } }),
    patched({ at: `blocks.${LAYER}.attn.hook_pattern`, head: 1, position: [0, 6], set: { zero: true } }),
    patched({ at: `blocks.${LAYER}.attn.hook_z`, set: { zero: true } }),
    patched({ at: `blocks.${layers.length - 1}.hook_resid_post`, set: { zero: true } }),
  ]
}

/** [run][head, query, key] with all keys of the prompt, as captures have them. */
async function assembled(model: Model, from: number, count: number, maxWeights: number) {
  const runs = runsOf(model)
  const { heads } = model.spec
  const whole = runs.map(() => new Float32Array(heads * count * LENGTH))
  const pieces: Omit<PatternPiece, 'weights'>[] = []
  await readPatterns(model, runs, { layer: LAYER, from, count, maxWeights }, ({ weights, ...piece }) => {
    const { run, first, queries, keys } = piece
    pieces.push(piece)
    expect(weights).toHaveLength(heads * queries * keys)
    for (let head = 0; head < heads; head++)
      for (let query = 0; query < queries; query++) {
        const row = weights.subarray((head * queries + query) * keys, (head * queries + query + 1) * keys)
        whole[run]?.set(row, (head * count + first - from + query) * LENGTH)
      }
  })
  return { runs, whole, pieces }
}

const FAMILIES = [
  'llama-gqa-tied',
  'mistral-window',
  'gemma2',
  'gpt2',
  'gpt-neox-parallel',
  'qwen3',
  'olmo2',
  'mixtral',
]
const backends = await usableBackends()

describe.each(backends)('%s', backend => {
  it.each(FAMILIES)('[C6] of %s, within it and from its beginning', async name => {
    const model = await openFixture(name, backend)
    try {
      const point = pointOf('pattern', LAYER).name
      for (const [from, count, maxWeights] of [
        [3, 5, 3 * model.spec.heads * LENGTH],
        [0, LENGTH, 1],
        [0, 4, 1e6],
      ] as const) {
        const { runs, whole, pieces } = await assembled(model, from, count, maxWeights)
        const capturePositions = Array.from({ length: count }, (_, i) => from + i)
        const captured = await runWithHooks(model, runs, { capture: point, capturePositions })
        for (const [i, data] of whole.entries())
          expectClose(data, captured[i]?.capture.get(point).data ?? [], { rtol: 1e-5, atol: 1e-5 })
        const most = Math.max(1, Math.floor(maxWeights / (model.spec.heads * (from + count))))
        expect(Math.max(...pieces.map(({ queries }) => queries))).toBe(Math.min(most, count))
      }
    } finally {
      await model.dispose()
    }
  })
})

it('[P8] runs no layer above, and no donor that comes in above', async () => {
  const model = await openFixture('llama-gqa-tied')
  try {
    const ids = promptOf(model, LENGTH, 1)
    const interventions: Intervention[] = [
      { at: 'blocks.1.hook_resid_post', position: 1, set: { from: promptOf(model, LENGTH, 2) } },
    ]
    const { counted, asked } = countingLayers(model)
    await readPatterns(counted, [{ ids, interventions }], { layer: 0, from: 0, count: 2 }, () => {})
    expect(asked).toEqual([0, 0])
  } finally {
    await model.dispose()
  }
})

it.each(backends)('[C6] holds a few rows of a long prompt’s pattern: %s', async backend => {
  const embedded = await loadModel(DEMO, { backend })
  try {
    const length = 1024
    const model: Model = { ...embedded, spec: { ...embedded.spec, maxPositions: length } }
    const ids = promptOf(model, length, 3)
    const peakOf = async (work: () => Promise<unknown>): Promise<number> => {
      const before = tf.memory().numBytes
      const { kernels } = await tf.profile(async () => {
        await work()
        return []
      })
      return Math.max(...kernels.map(({ totalBytesSnapshot }) => totalBytesSnapshot - before))
    }
    const asked = { layer: 1, from: length - 128, count: 128, maxWeights: 200_000 }
    const pieces = await peakOf(() => readPatterns(model, [{ ids }], asked, () => {}))
    const whole = await peakOf(() => runWithHooks(model, [{ ids }], { capture: pointOf('pattern', 1).name }))
    // As much as any layer takes that nobody watches: some copies of the pattern of 128 queries.
    expect(pieces).toBeLessThan(whole / 4)
  } finally {
    await embedded.dispose()
  }
})
