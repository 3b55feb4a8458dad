/**
 * What a sweep must not share, and what it must: cases that random patches seldom meet. Each is held
 * against the plain loop (tolerance: float32 rounding of logits of size 1 to 10).
 */
import * as tf from '@tensorflow/tfjs-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Model } from '../../../engine/model.ts'
import { pointsOf } from '../../../engine/points.ts'
import { runWithHooks } from '../../../hooks/hooked.ts'
import type { Metric } from '../../../hooks/metric.ts'
import { prepareSweep } from '../../../hooks/sweep/execute.ts'
import { runPlain } from '../../../hooks/sweep/plain.ts'
import type { PatchResult, SweepBase, SweepRequest } from '../../../hooks/sweep/types.ts'
import { expectClose, expectSame } from '../../support/close.ts'
import { openFixture, promptOf } from '../../support/models.ts'
import { expectNoTensorLeaks } from '../../support/tensors.ts'

const LOGITS: readonly Metric[] = [
  { kind: 'logit', tokens: [1, 2] },
  { kind: 'logit_diff', tokens: [3], against: [4] },
]

let model: Model
let ids: number[]
beforeAll(async () => {
  model = await openFixture('llama-gqa-tied')
  ids = promptOf(model, 7, 5)
})
afterAll(() => model.dispose())
expectNoTensorLeaks()

async function sweep(request: SweepRequest, on: Model): Promise<{ results: PatchResult[]; base: Float64Array }> {
  const prepared = await prepareSweep(on, request)
  const results: PatchResult[] = []
  try {
    for await (const part of prepared.run()) results.push(...part)
    return { results, base: prepared.baseValues[0] ?? new Float64Array() }
  } finally {
    prepared.dispose()
  }
}

/** Holds a sweep against the plain loop; gives the values back, by patch. */
async function holds(
  base: Omit<SweepBase, 'ids'>,
  on = model,
): Promise<{ values: Float64Array[]; base: Float64Array }> {
  const request = { bases: [{ ids, ...base }] }
  const { results, base: without } = await sweep(request, on)
  const values: Float64Array[] = []
  for (const result of results) values[result.patch] = result.values
  for await (const { patch, values: expected } of runPlain(on, request))
    expectClose(values[patch] ?? [], expected, { atol: 2e-5, rtol: 1e-5 })
  return { values, base: without }
}

describe('donors', () => {
  const SITES = ['hook_resid_pre', 'attn.hook_z', 'attn.hook_k', 'mlp.hook_post'] as const
  /** The first four tokens are the base's. */
  const donor = (): number[] => ids.map((id, i) => (i < 4 ? id : (id + 1) % model.spec.vocab))

  it('[S2] the first token that differs is a change, the shared ones before it are none', async () => {
    for (const site of SITES) {
      const at = `blocks.0.${site}`
      const one = (position: number | 'all' | number[]) => ({
        interventions: [{ at, position, set: { from: donor() } }],
      })
      const { values, base } = await holds({
        metrics: LOGITS,
        patches: [one(3), one(4), one('all'), one([2, 4]), one([0, 1, 3])],
      })
      for (const same of [0, 4]) expectSame(values[same] ?? [], base, at)
      for (const other of [1, 2, 3]) expect(values[other]?.[0]).not.toBe(base[0])
    }
  })

  it('[S2] a shared token from another position is a change', async () => {
    for (const site of SITES) {
      const at = `blocks.0.${site}`
      const { values, base } = await holds({
        metrics: LOGITS,
        patches: [
          { interventions: [{ at, position: 3, set: { from: donor(), position: 1 } }] },
          { interventions: [{ at, position: [2, 3], set: { from: [...ids], position: [3, 2] } }] },
          { interventions: [{ at, position: [5, 6], set: { from: ids.slice(0, 3), position: [0, 2] } }] },
        ],
      })
      for (const row of values) expect(row[0]).not.toBe(base[0])
    }
  })
})

describe('several changes of one patch', () => {
  it('[S6] where the second sees what the first did, also at one boundary', async () => {
    const add = (at: string, width: number, by: number) => ({
      at,
      position: 4,
      set: { add: Array.from({ length: width }, (_, i) => Math.cos(i) * by) },
    })
    const { dModel, heads, dHead, dMlp } = model.spec
    const z = add('blocks.0.attn.hook_z', heads * dHead, 1)
    const post = add('blocks.0.mlp.hook_post', dMlp, 1)
    const double = (at: string) => ({ at, position: 4, set: { scale: 2 } })
    const { values, base } = await holds({
      metrics: LOGITS,
      patches: [
        { interventions: [z, double('blocks.0.hook_attn_out')] },
        { interventions: [double('blocks.0.hook_attn_out'), z] },
        { interventions: [z, double('blocks.0.attn.hook_result')] },
        { interventions: [post, double('blocks.0.hook_mlp_out'), double('blocks.0.hook_resid_post')] },
        { interventions: [z, z, double('blocks.0.attn.hook_z')] },
        { interventions: [add('blocks.1.hook_resid_post', dModel, 1), double('blocks.1.hook_mlp_out'), z] },
      ],
    })
    for (const row of values) expect(row[0]).not.toBe(base[0])
    expect(values[0]?.[0]).toBeCloseTo(values[1]?.[0] ?? 0, 4)
  })

  it('[S6] both embeddings, which add to one stream', async () => {
    const gpt2 = await openFixture('gpt2')
    try {
      const one = (at: string, position: number, by: number) => ({
        at,
        position,
        set: { add: Array.from({ length: gpt2.spec.dModel }, (_, i) => Math.sin(i) * by) },
      })
      const token = one('hook_embed', 4, 1)
      const place = one('hook_pos_embed', 3, 2)
      const { values } = await holds(
        {
          metrics: LOGITS,
          patches: [[token], [place], [token, place], [place, token]].map(interventions => ({ interventions })),
        },
        gpt2,
      )
      expect(new Set(values.map(row => row[0])).size).toBeGreaterThanOrEqual(3)
    } finally {
      await gpt2.dispose()
    }
  })

  it('[S2] [S6] a donor that gives back what a change before it took, at one boundary', async () => {
    const times = (at: string) => ({ at, position: 3, set: { scale: 5 } })
    const back = (at: string, head?: number) => ({
      at,
      ...(head === undefined ? {} : { head }),
      set: { from: [...ids] },
    })
    const { values, base } = await holds({
      metrics: LOGITS,
      patches: [
        [times('z@L0'), back('attn_out@L0')],
        [times('mlp_post@L0'), back('mlp_out@L0')],
        [times('hook_embed'), back('resid_pre@L0')],
        [times('z@L0'), back('result@L0', 1)],
        [times('attn_out@L0'), back('z@L0')],
      ].map(interventions => ({ interventions })),
    })
    for (const row of values.slice(0, 3)) expectClose(row, base, { atol: 1e-6 })
    for (const row of values.slice(3)) expect(row[0]).not.toBeCloseTo(base[0] ?? 0, 2)
  })
})

describe('every point', () => {
  // Between them they have every site but the experts' choices, which are whole numbers.
  it.each(['gemma2', 'gpt2', 'olmo2', 'olmoe', 'qwen3', 'gpt-neox-parallel'])(
    '[S1] changed before the measured position and at it: %s',
    async name => {
      const on = await openFixture(name)
      try {
        const points = pointsOf(on.spec).filter(({ site }) => site !== 'expert_indices')
        const patches = points.flatMap(({ name: at }) =>
          [2, -1].map(position => ({ interventions: [{ at, position, set: { scale: 1.5 } }] })),
        )
        await holds({ metrics: LOGITS, patches }, on)
      } finally {
        await on.dispose()
      }
    },
  )
})

describe('what changes nothing', () => {
  it('[S3] has the values of the base run to the last bit', async () => {
    const interventions = [
      { at: 'blocks.1.hook_resid_pre', set: { scale: 1 } },
      { at: 'blocks.0.hook_mlp_out', set: { add: new Array(model.spec.dModel).fill(1), coefficient: 0 } },
      { at: 'blocks.0.attn.hook_z', set: { from: [...ids] } },
      // After the measured position, and in the last layer where only the measured position matters.
      { at: 'blocks.0.hook_resid_pre', position: 6, set: { zero: true as const } },
      { at: 'blocks.1.hook_mlp_out', position: 2, set: { zero: true as const } },
      { at: 'blocks.1.attn.hook_q', position: 2, set: { zero: true as const } },
    ]
    const patches = [{ interventions: [] }, ...interventions.map(item => ({ interventions: [item] }))]
    const { values, base } = await holds({ metrics: LOGITS, position: 5, patches })
    expect(base.some(value => value !== 0)).toBe(true)
    expect(values).toHaveLength(patches.length)
    for (const row of values) expectSame(row, base, 'unchanged')
  })

  it('[S3] what the plan cannot know: a value that is there already', async () => {
    const [run] = await runWithHooks(model, [{ ids }], { capture: 'blocks.0.attn.hook_z' })
    const { data } = run?.capture.get('blocks.0.attn.hook_z') ?? { data: new Float32Array() }
    const width = model.spec.heads * model.spec.dHead
    const value = Array.from(data.subarray(3 * width, 4 * width))
    const { values, base } = await holds({
      metrics: LOGITS,
      patches: [{ interventions: [{ at: 'blocks.0.attn.hook_z', position: 3, set: { value } }] }],
    })
    expectClose(values[0] ?? [], base, { atol: 1e-6 })
  })
})

describe('the general path', () => {
  it('[S4] function hooks, alone and beside interventions and other lanes', async () => {
    const double = (x: tf.Tensor) => tf.mul(x, 2)
    const { values, base } = await holds({
      metrics: LOGITS,
      position: 4,
      patches: [
        { interventions: [], functions: [{ at: 'blocks.1.attn.hook_pattern', run: double }] },
        { interventions: [], functions: [{ at: 'blocks.1.hook_mlp_out', run: double }] },
        {
          interventions: [{ at: 'blocks.0.attn.hook_z', head: 1, position: 2, set: { zero: true } }],
          functions: [{ at: 'blocks.1.hook_resid_post', run: x => tf.add(x, 1) }],
        },
        { interventions: [], functions: [{ at: 'ln_final.hook_normalized', run: double }] },
        { interventions: [{ at: 'blocks.0.attn.hook_z', head: 1, position: 2, set: { zero: true } }] },
      ],
    })
    for (const row of values) expect(row[0]).not.toBe(base[0])
  })

  it('[S4] [F1] a function that reads other positions than the measured one, also after it and at the end', async () => {
    const centre = (x: tf.Tensor) => tf.sub(x, tf.mean(x, 0, true))
    const doubleLast = (x: tf.Tensor) => {
      const [rows = 0] = x.shape
      return tf.concat([tf.slice(x, 0, rows - 1), tf.mul(tf.slice(x, rows - 1), 2)])
    }
    const at = (name: string, run: (x: tf.Tensor) => tf.Tensor) => [{ at: name, run }]
    const scale = (name: string, position: number | 'all') => ({ at: name, position, set: { scale: 2 } })
    const patches = [
      { interventions: [], functions: at('mlp_out@L0', centre) },
      { interventions: [], functions: at('ln_final_normalized', centre) },
      { interventions: [], functions: at('unembed_out', centre) },
      { interventions: [scale('unembed_in', 'all')], functions: at('mlp_out@L0', centre) },
      { interventions: [scale('hook_embed', 2)], functions: at('mlp_out@L0', centre) },
      // After the measured position: what the function reads there reaches it.
      { interventions: [scale('resid_pre@L1', 6)], functions: at('mlp_out@L1', centre) },
      { interventions: [], functions: at('mlp_out@L0', doubleLast) },
    ]
    const { values, base } = await holds({ metrics: LOGITS, position: 4, patches })
    for (const row of values.slice(0, -1)) expect(row[0]).not.toBe(base[0])
    // The last position does not reach the fifth.
    expectClose(values.at(-1) ?? [], base, { atol: 1e-6 })
    await holds({ metrics: LOGITS, patches })
  })

  it('[R1] frees everything when a function throws, at any point', async () => {
    const throws = () => {
      throw new Error('boom')
    }
    for (const { name: at, site } of pointsOf(model.spec)) {
      if (site === 'embed') continue
      const before = tf.memory().numTensors
      const patches = [{ interventions: [], functions: [{ at, run: throws }] }]
      await expect(sweep({ bases: [{ ids, metrics: LOGITS, patches }] }, model)).rejects.toThrow('boom')
      expect(tf.memory().numTensors, at).toBe(before)
    }
  })

  it('[S4] metrics that read the whole vocabulary: KL, rank, top token, probability', async () => {
    const [plain] = await runWithHooks(model, [{ ids }], { logits: -1 })
    const logits = plain?.logits[0] ?? new Float32Array()
    const total = Math.log(logits.reduce((sum, logit) => sum + Math.exp(logit), 0))
    const metrics: Metric[] = [
      { kind: 'kl', reference: logits.map(logit => logit - total) },
      { kind: 'rank', token: 5 },
      { kind: 'top1' },
      { kind: 'log_prob', tokens: [1, 5] },
      { kind: 'prob', tokens: [9] },
    ]
    const patches = [0, 1].flatMap(layer =>
      ['hook_mlp_out', 'hook_resid_pre', 'attn.hook_z', 'ln1.hook_normalized'].map(site => ({
        interventions: [{ at: `blocks.${layer}.${site}`, position: -1, set: { scale: -3 } }],
      })),
    )
    const late = { interventions: [{ at: 'unembed.hook_out', set: { scale: -1 } }] }
    const { values } = await holds({ metrics, patches: [...patches, late, { interventions: [] }] })
    expect(values.some(row => (row[0] ?? 0) > 1e-3)).toBe(true)
    expect(new Set(values.map(row => row[1])).size).toBeGreaterThan(1)
    expect(values.at(-1)?.[0]).toBeCloseTo(0, 5)
  })
})

describe('stopping', () => {
  it('[S5] an abort stops between two layers, and nothing is left in memory', async () => {
    const controller = new AbortController()
    const fired: number[] = []
    const stop = (layer: number) => ({
      at: `blocks.${layer}.hook_resid_mid`,
      run: () => {
        fired.push(layer)
        controller.abort()
        return undefined
      },
    })
    const base: SweepBase = {
      ids,
      metrics: LOGITS,
      patches: [{ interventions: [], functions: [stop(0), stop(1)] }],
    }
    const before = tf.memory().numTensors
    const prepared = await prepareSweep(model, { bases: [base] })
    const drain = async (): Promise<void> => {
      for await (const part of prepared.run(controller.signal)) expect(part).toEqual([])
    }
    await expect(drain()).rejects.toThrow(/abort/i)
    prepared.dispose()
    expect(fired).toEqual([0])
    expect(tf.memory().numTensors).toBe(before)
    await expect(prepareSweep(model, { bases: [base] }, controller.signal)).rejects.toThrow(/abort/i)
    expect(tf.memory().numTensors).toBe(before)
  })
})
