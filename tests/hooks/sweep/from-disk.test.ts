/**
 * [D1] A sweep whose weights come from disk gives what one from memory gives, bit for bit, and reads
 * each weight once: donors, base runs and slices go down together.
 */
import { setTimeout } from 'node:timers/promises'
import * as tf from '@tensorflow/tfjs-core'
import { describe, expect, it } from 'vitest'
import type { Model } from '../../../engine/model.ts'
import { writesLinearly } from '../../../engine/spec.ts'
import { runWithHooks } from '../../../hooks/hooked.ts'
import type { Intervention } from '../../../hooks/intervention.ts'
import { prepareSweep } from '../../../hooks/sweep/execute.ts'
import { planSweep } from '../../../hooks/sweep/plan.ts'
import type { Patch, SweepRequest } from '../../../hooks/sweep/types.ts'
import { openCounted } from '../../support/disk-model.ts'
import { openFixture, promptOf, usableBackends } from '../../support/models.ts'
import { expectNoTensorLeaks } from '../../support/tensors.ts'

const backend = (await usableBackends()).at(-1) ?? 'wasm'
const CASES = ['llama-gqa-tied', 'llama-mha-untied', 'mixtral', 'qwen3-moe', 'gpt2', 'gemma2', 'gpt-neox-parallel']

/** Every layer's parts and every head from a question, and what takes other paths, on two prompts. */
function steering(model: Model): SweepRequest {
  const { layers, heads } = model.spec
  const question = promptOf(model, 5, 11)
  const other = promptOf(model, 4, 12)
  const from = (at: string, extra: Partial<Intervention> = {}): Intervention => ({
    at,
    position: -1,
    set: { from: question, position: -1 },
    ...extra,
  })
  const count = layers.length
  const patches: Patch[] = [
    ...layers.flatMap((_, layer): Patch[] => [
      { interventions: [from(`blocks.${layer}.hook_resid_post`)] },
      { interventions: [from(`blocks.${layer}.hook_attn_out`)] },
      { interventions: [from(`blocks.${layer}.hook_mlp_out`)] },
      ...Array.from({ length: heads }, (_, head) => ({ interventions: [from(`L${layer}H${head}`)] })),
    ]),
    // Two donors, two layers, one of them far below where the lane joins.
    {
      interventions: [
        from('blocks.0.hook_resid_pre', { position: 0, set: { from: other, position: 1 } }),
        from(`blocks.${count - 1}.attn.hook_q`, { position: [-1] }),
      ],
    },
    { interventions: [from('hook_embed')] },
    { interventions: [from('ln_final.hook_normalized')] },
    { interventions: [{ at: 'blocks.1.hook_resid_mid', set: { scale: 1 } }].slice(model.spec.parallel ? 1 : 0) },
    { interventions: [], functions: [{ at: 'blocks.1.hook_attn_out', run: x => tf.mul(x, 0.5) }] },
    // The prompt's own activation, as a donor that is no prefix of it: found to change nothing only when it runs.
    { interventions: [{ at: 'blocks.1.hook_mlp_out', position: 2, set: { from: question, position: 2 } }] },
  ]
  const metrics = [{ kind: 'log_prob', tokens: [1, 4] } as const, { kind: 'logit', tokens: [2] } as const]
  return { bases: [6, 3].map(length => ({ ids: promptOf(model, length, length), patches, metrics })), sliceMs: 1e9 }
}

type Results = Map<string, readonly number[]>

async function run(model: Model, request: SweepRequest): Promise<{ results: Results; bases: number[][] }> {
  const sweep = await prepareSweep(model, request)
  const results: Results = new Map()
  try {
    for await (const part of sweep.run())
      for (const { base, patch, values } of part) results.set(`${base}/${patch}`, [...values])
    return { results, bases: sweep.baseValues.map(values => [...values]) }
  } finally {
    sweep.dispose()
  }
}

describe.each(CASES)('%s', name => {
  expectNoTensorLeaks()

  it('[D1] from disk it gives what it gives from memory, each weight read once', async () => {
    const memory = await openFixture(name, backend)
    const { model, reads } = await openCounted(name, backend)
    try {
      // Slices as large as from disk, where half of the memory is for the one that is in a layer.
      const expected = await run(memory, { ...steering(memory), memoryBytes: 0.5e9 })
      const got = await run(model, { ...steering(model), memoryBytes: 1e9 })
      expect(got.results.size).toBe(expected.results.size)
      expect(got).toEqual(expected)
      expect([...new Set(reads.values())]).toEqual([1])
      expect(reads.size).toBeGreaterThan(model.spec.layers.length)
    } finally {
      await memory.dispose()
      await model.dispose()
    }
  })
})

describe('a sweep from disk', () => {
  expectNoTensorLeaks()

  it('goes down in as many convoys as the memory asks for, and gives the same', async () => {
    const { model, reads } = await openCounted('llama-gqa-tied', backend)
    try {
      const whole = await run(model, steering(model))
      reads.clear()
      const small = { ...steering(model), memoryBytes: 6_000 }
      const { convoys, slices } = planSweep(model.spec, { ...small, weightsFromDisk: true }, () => [])
      expect(convoys.length).toBeGreaterThan(1)
      expect(slices.length).toBeGreaterThan(convoys.length)
      expect(convoys.flat()).toEqual(slices)
      const parts = await run(model, small)
      for (const [key, values] of whole.results)
        for (const [i, value] of values.entries()) expect(parts.results.get(key)?.[i]).toBeCloseTo(value, 4)
      expect(Math.max(...reads.values())).toBeLessThanOrEqual(convoys.length)
    } finally {
      await model.dispose()
    }
  })

  it('stops between layers, and runs again afterwards', async () => {
    const { model } = await openCounted('llama-gqa-tied', backend)
    try {
      const abort = new AbortController()
      const slow: Model = {
        ...model,
        weights: {
          ...model.weights,
          layer: async layer => {
            if (layer === 0) abort.abort(new Error('enough'))
            await setTimeout(1)
            return model.weights.layer(layer)
          },
        },
      }
      const sweep = await prepareSweep(slow, steering(model), abort.signal)
      await expect(sweep.run(abort.signal).next()).rejects.toThrow('enough')
      sweep.dispose()
      expect((await run(model, steering(model))).results.size).toBeGreaterThan(0)
    } finally {
      await model.dispose()
    }
  })

  it('a layer that cannot be read ends it in one sentence, and frees all', async () => {
    const { model } = await openCounted('llama-gqa-tied', backend, opened => ({
      readStored: async (tensor, into, offset) => {
        if (tensor.includes('layers.1.mlp')) throw new Error('the disk is gone')
        await opened.readStored(tensor, into, offset)
      },
    }))
    try {
      await expect(run(model, steering(model))).rejects.toThrow('the disk is gone')
    } finally {
      await model.dispose()
    }
  })

  it('has the plan of one in memory, but for its slices', async () => {
    const model = await openFixture('llama-gqa-tied', backend)
    try {
      const request = { ...steering(model), sliceMs: 1e-6 }
      const memory = planSweep(model.spec, request, () => [])
      const disk = planSweep(model.spec, { ...request, weightsFromDisk: true }, () => [])
      expect(memory.convoys.every(({ length }) => length === 1)).toBe(true)
      expect(disk.convoys).toHaveLength(1)
      expect(disk.flops).toBeCloseTo(memory.flops, -3)
      expect(writesLinearly(model.spec)).toBe(true)
    } finally {
      await model.dispose()
    }
  })
})

it('[D2] reads a layer once for several batches', async () => {
  const { model, reads } = await openCounted('llama-gqa-tied', 'wasm')
  const kept = await openFixture('llama-gqa-tied', 'wasm')
  try {
    // More than 2,048 rows, which is a batch.
    const runs = Array.from({ length: 300 }, (_, i) => ({ ids: promptOf(kept, 8, i) }))
    const options = { logits: -1, capture: 'blocks.0.hook_resid_post', capturePositions: -1 } as const
    const found = await runWithHooks(model, runs, options)
    const wanted = await runWithHooks(kept, runs, options)
    for (const [i, run] of wanted.entries()) {
      expect(found[i]?.logits).toEqual(run.logits)
      expect(found[i]?.capture.get('blocks.0.hook_resid_post')).toEqual(run.capture.get('blocks.0.hook_resid_post'))
    }
    const layers = [...reads].filter(([name]) => name.includes('.layers.'))
    expect(layers.length).toBeGreaterThan(0)
    for (const [name, times] of layers) expect(times, name).toBe(1)
  } finally {
    await model.dispose()
    await kept.dispose()
  }
})
