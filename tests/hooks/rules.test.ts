/** Order, donors, pairwise points, functions, captures: what the sweep over all points does not reach. */
import * as tf from '@tensorflow/tfjs-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { HookPointError, ShapeError } from '../../engine/errors.ts'
import type { Model } from '../../engine/model.ts'
import { type PromptRun, type RunOptions, type RunOutput, runWithHooks } from '../../hooks/hooked.ts'
import type { Intervention } from '../../hooks/intervention.ts'
import type { HookFunction } from '../../hooks/lane-tap.ts'
import { planSweep } from '../../hooks/sweep/plan.ts'
import { expectClose, expectSame } from '../support/close.ts'
import { openFixture, promptOf } from '../support/models.ts'
import { randomValues } from '../support/random.ts'
import { expectNoTensorLeaks } from '../support/tensors.ts'

let model: Model
let windowed: Model
let ids: number[]
beforeAll(async () => {
  model = await openFixture('llama-gqa-tied')
  windowed = await openFixture('mistral-window')
  ids = promptOf(model, 6, 1)
})
afterAll(async () => {
  await model.dispose()
  await windowed.dispose()
})
expectNoTensorLeaks()

async function run(own: Partial<PromptRun>, options: RunOptions = {}, on = model): Promise<RunOutput> {
  const [output] = await runWithHooks(on, [{ ids, ...own }], options)
  if (output === undefined) throw new Error('no output')
  return output
}

const MID = 'blocks.1.hook_resid_mid'
const PATTERN = 'blocks.0.attn.hook_pattern'
const SCORES = 'blocks.0.attn.hook_attn_scores'

describe('order', () => {
  it('[I1] interventions in the order given, then functions in the order given, then captures', async () => {
    const add: Intervention = { at: MID, set: { add: new Array(24).fill(1) } }
    const double: Intervention = { at: MID, set: { scale: 2 } }
    const plus = (by: number) => ({ at: MID, run: (x: tf.Tensor) => tf.add(x, by) })
    const times = { at: MID, run: (x: tf.Tensor) => tf.mul(x, 3) }
    const old = (await run({}, { capture: MID })).capture.get(MID).data
    const value = async (interventions: Intervention[], functions: PromptRun['functions'] = []) =>
      (await run({ interventions, functions }, { capture: MID })).capture.get(MID).data
    expectClose(
      await value([add, double]),
      old.map(x => (x + 1) * 2),
      { rtol: 1e-6, atol: 1e-6 },
    )
    expectClose(
      await value([double, add]),
      old.map(x => x * 2 + 1),
      { rtol: 1e-6, atol: 1e-6 },
    )
    expectClose(
      await value([double], [plus(1), times]),
      old.map(x => (x * 2 + 1) * 3),
      { rtol: 1e-6, atol: 1e-6 },
    )
    expectClose(
      await value([double], [times, plus(1)]),
      old.map(x => x * 6 + 1),
      { rtol: 1e-6, atol: 1e-6 },
    )
  })

  it('[C3] a capture is what the rest of the pass sees', async () => {
    const interventions: Intervention[] = [{ at: 'blocks.1.hook_mlp_out', set: { zero: true } }]
    const { capture } = await run({ interventions }, { capture: ['mlp_out@L1', 'resid_mid@L1', 'resid_post@L1'] })
    expect(new Set(capture.get('blocks.1.hook_mlp_out').data)).toEqual(new Set([0]))
    expectSame(capture.get('blocks.1.hook_resid_post').data, capture.get(MID).data, 'nothing was added')
  })
})

describe('captures', () => {
  it('[C1] are copies', async () => {
    const first = await run({}, { capture: '*', logits: 'all' })
    const kept = new Map(Array.from(first.capture.entries(), ([name, { data }]) => [name, data.slice()]))
    for (const [, { data }] of first.capture.entries()) data.fill(7)
    const second = await run({}, { capture: '*', logits: 'all' })
    expect(second.logits).toEqual(first.logits)
    for (const [name, { data }] of second.capture.entries()) expectSame(data, kept.get(name) ?? [], name)
  })

  it('[C2] hold the asked positions in the asked order', async () => {
    const all = (await run({}, { capture: [MID, PATTERN] })).capture
    const some = (await run({}, { capture: [MID, PATTERN], capturePositions: [4, -6, -1] })).capture
    const [mid, pattern] = [some.get(MID), some.get(PATTERN)]
    expect(mid.shape).toEqual([3, 24])
    expect(mid.positions).toEqual([4, 0, 5])
    expect(pattern.shape).toEqual([4, 3, 6])
    for (const [i, position] of [4, 0, 5].entries()) {
      expectSame(mid.data.slice(i * 24, i * 24 + 24), all.get(MID).data.slice(position * 24, position * 24 + 24), 'row')
      for (let head = 0; head < 4; head++)
        expectSame(
          pattern.data.slice((head * 3 + i) * 6, (head * 3 + i + 1) * 6),
          all.get(PATTERN).data.slice((head * 6 + position) * 6, (head * 6 + position + 1) * 6),
          'query',
        )
    }
  })

  it('[C4] of nothing are errors', async () => {
    await expect(run({}, { capture: 'hook_reisd_pre' })).rejects.toThrow(HookPointError)
    await expect(run({}, { capture: ['*.hook_z', '*.hook_y'] })).rejects.toThrow('Nearest')
    await expect(run({}, { capture: () => false })).rejects.toThrow(HookPointError)
    await expect(run({}, { capture: MID, capturePositions: 6 })).rejects.toThrow(
      'capture: expected a position from -6 to 5, got 6',
    )
    const { capture } = await run({}, { capture: 'blocks.*.hook_resid_mid' })
    expect(capture.names()).toEqual(['blocks.0.hook_resid_mid', MID])
    expect(capture.get('resid_mid@L1')).toBe(capture.get(MID))
    expect(() => capture.get('resid_post@L1')).toThrow(`Nearest of what was: ${MID}`)
    expect(() => capture.get('L1H3')).toThrow('expected a whole point, blocks.1.attn.hook_z, got L1H3')
    expect(() => capture.get('resid_mdi@L1')).toThrow('no such point in this model')
    expect(() => capture.get('blocks.1.hook_resid_post')).toThrow(HookPointError)
    expect(() => capture.get('blocks.1.hook_resid_post')).toThrow(`Nearest of what was: ${MID}`)
  })

  it('[C5] are each run’s own, whatever shares its batch', async () => {
    const prompts = [ids, promptOf(model, 3, 2), promptOf(model, 6, 3)]
    const outputs = await runWithHooks(
      model,
      prompts.map(each => ({ ids: each })),
      { capture: PATTERN, capturePositions: -1 },
    )
    for (const [i, { capture }] of outputs.entries()) {
      expect(capture.get(PATTERN).shape).toEqual([4, 1, prompts[i]?.length])
      expect(capture.get(PATTERN).positions).toEqual([(prompts[i]?.length ?? 0) - 1])
    }
  })
})

describe('donors', () => {
  const rowOf = async (prompt: readonly number[], position: number) =>
    (await run({ ids: prompt }, { capture: MID, capturePositions: position })).capture.get(MID).data

  it.each([
    ['their last to the last, from a longer one', 9, -1, undefined, [8], [5]],
    ['their last to the last, from a shorter one', 2, -1, undefined, [1], [5]],
    ['a position to another', 9, 2, 7, [7], [2]],
    ['positions in order', 4, [1, 5], [3, 0], [3, 0], [1, 5]],
    ['one position to many', 4, [1, 5], [2, 2], [2, 2], [1, 5]],
  ] as const)('[I5] give %s', async (_, length, position, donorPosition, from, to) => {
    const donor = promptOf(model, length, 8)
    const set = { from: donor, ...(donorPosition === undefined ? {} : { position: copy(donorPosition) }) }
    const interventions: Intervention[] = [{ at: MID, position: copy(position), set }]
    const { data } = (await run({ interventions }, { capture: MID })).capture.get(MID)
    const expected = (await run({}, { capture: MID })).capture.get(MID).data
    for (const [i, place] of to.entries()) expected.set(await rowOf(donor, from[i] ?? 0), place * 24)
    expectSame(data, expected, 'patched rows')
  })

  it('[I5] run without hooks, once for all that read from them', async () => {
    const donor = promptOf(model, 6, 8)
    const interventions: Intervention[] = [
      { at: 'blocks.0.hook_resid_pre', set: { zero: true } },
      { at: MID, position: 2, set: { from: donor } },
      { at: MID, position: 3, set: { from: donor } },
    ]
    const { data } = (await run({ interventions }, { capture: MID })).capture.get(MID)
    expectSame(data.slice(48, 72), await rowOf(donor, 2), 'donor row 2')
    expectSame(data.slice(72, 96), await rowOf(donor, 3), 'donor row 3')
  })

  it.each<[string, Intervention, string]>([
    [
      'fewer positions',
      { at: MID, set: { from: [1, 2] } },
      'expected as many donor positions as patched ones (6), got 2',
    ],
    [
      'a position it lacks',
      { at: MID, position: 5, set: { from: [1, 2] } },
      'donor: expected a position from -2 to 1, got 5',
    ],
    [
      'a pattern elsewhere',
      { at: PATTERN, position: 2, set: { from: [1, 2, 3, 4], position: 3 } },
      "expected the donor's position to be the patched one, 2,",
    ],
    ['a pattern’s last', { at: PATTERN, position: -1, set: { from: [1, 2, 3, 4] } }, 'got 3'],
    [
      'a token outside the vocabulary',
      { at: MID, position: 0, set: { from: [99] } },
      'expected token ids from 0 to 58, got 99',
    ],
    ['no token', { at: MID, position: 0, set: { from: [] } }, 'donor: expected at least one token, got none'],
  ])('[I5] [I9] %s: an error', async (_, intervention, message) => {
    await expect(run({ interventions: [intervention] })).rejects.toThrow(ShapeError)
    await expect(run({ interventions: [intervention] })).rejects.toThrow(message)
  })
})

function copy(position: number | readonly number[]): number | number[] {
  return typeof position === 'number' ? position : [...position]
}

describe('scores and patterns', () => {
  it('[I4] take one number a head and key up to the position', async () => {
    const numbers = Array.from(randomValues(3, 4))
    const interventions: Intervention[] = [{ at: PATTERN, head: 2, position: 2, set: { value: numbers } }]
    const { data } = (await run({ interventions }, { capture: PATTERN })).capture.get(PATTERN)
    expectSame(data.slice((2 * 6 + 2) * 6, (2 * 6 + 2) * 6 + 6), [...numbers, 0, 0, 0].map(Math.fround), 'pattern row')
    const short: Intervention[] = [{ at: PATTERN, position: 2, set: { value: numbers } }]
    await expect(run({ interventions: short })).rejects.toThrow('expected 12 numbers, got 3')
  })

  it('[I6] a changed pattern is what mixes the values, unnormalised', async () => {
    const interventions: Intervention[] = [{ at: PATTERN, position: 3, set: { value: 2 } }]
    const { capture } = await run({ interventions }, { capture: ['v@L0', 'z@L0'] })
    const [v, z] = [capture.get('blocks.0.attn.hook_v'), capture.get('blocks.0.attn.hook_z')]
    const [, kvHeads = 0, dHead = 0] = v.shape
    const [, heads = 0] = z.shape
    for (let head = 0; head < heads; head++)
      for (let i = 0; i < dHead; i++) {
        let sum = 0
        for (let key = 0; key <= 3; key++)
          sum += 2 * (v.data[(key * kvHeads + Math.floor((head * kvHeads) / heads)) * dHead + i] ?? 0)
        expectClose([z.data[(3 * heads + head) * dHead + i] ?? 0], [sum], { rtol: 1e-5, atol: 1e-5 })
      }
  })

  it('[I6] what the window hides stays hidden, whatever is set', async () => {
    const at = 'blocks.1.attn.hook_attn_scores'
    for (const set of [{ scale: 0 }, { scale: -1 }, { value: 3 }, { add: new Array(6).fill(1) }]) {
      const own: Partial<PromptRun> = { interventions: [{ at, head: 1, position: 5, set }] }
      const { capture, logits } = await run(own, { capture: ['attn_scores@L1', 'pattern@L1'], logits: 'all' }, windowed)
      const row = (name: string) => capture.get(name).data.slice((6 + 5) * 6, (6 + 6) * 6)
      // Four positions are seen: 2, 3, 4, 5.
      expect(Array.from(row(at).slice(0, 2))).toEqual([-Infinity, -Infinity])
      expect(Array.from(row('blocks.1.attn.hook_pattern').slice(0, 2))).toEqual([0, 0])
      expect(logits.flatMap(each => Array.from(each)).every(Number.isFinite)).toBe(true)
    }
  })

  it('[I6] a function cannot unhide a score either, nor lose one to NaN', async () => {
    const at = 'blocks.1.attn.hook_attn_scores'
    const hidden = { at, run: (x: tf.Tensor) => tf.mul(x, 0) } // −∞ · 0 is NaN
    const { capture } = await run({ functions: [hidden] }, { capture: 'pattern@L1' }, windowed)
    const { data } = capture.get('blocks.1.attn.hook_pattern')
    expectClose(data.slice(30, 36), [0, 0, 0.25, 0.25, 0.25, 0.25], { atol: 1e-6 })
  })

  it('[I7] a head of keys and values is shared by its queries', async () => {
    const interventions: Intervention[] = [{ at: 'v@L0', head: 1, set: { zero: true } }]
    const { data } = (await run({ interventions }, { capture: 'z@L0' })).capture.get('blocks.0.attn.hook_z')
    const old = (await run({}, { capture: 'z@L0' })).capture.get('blocks.0.attn.hook_z').data
    // Heads 0 and 1 read key/value head 0, heads 2 and 3 head 1; 6 features each.
    const expected = old.map((value, i) => (Math.floor((i % 24) / 6) < 2 ? value : 0))
    expectSame(data, expected, 'z')
    await expect(run({ interventions: [{ at: 'k@L0', head: 2, set: { zero: true } }] })).rejects.toThrow(
      'expected a head from 0 to 1, got 2',
    )
  })

  it('[I8] a change of a head’s share reaches the attention output as it is', async () => {
    const biased = await openFixture('llama-bias')
    const prompt = promptOf(biased, 4, 1)
    const width = biased.spec.dModel
    const add = Array.from(randomValues(width, 3))
    const own = { ids: prompt, interventions: [{ at: 'result@L0', head: 1, position: 2, set: { add } }] }
    const before = (await run({ ids: prompt }, { capture: ['attn_out@L0', 'result@L0'] }, biased)).capture
    const after = (await run(own, { capture: 'attn_out@L0' }, biased)).capture
    const out = before.get('blocks.0.hook_attn_out').data
    const expected = Float64Array.from(
      out,
      (value, i) => value + (i >= 2 * width && i < 3 * width ? (add[i % width] ?? 0) : 0),
    )
    expectClose(after.get('blocks.0.hook_attn_out').data, expected, { rtol: 1e-6, atol: 1e-6 })
    // The shares and the bias are the whole.
    const result = before.get('blocks.0.attn.hook_result')
    const [, heads = 0] = result.shape
    const bias = (await biased.weights.layer(0)).o.bias ?? []
    const sum = Array.from(out, (_, i) => {
      const [row, feature] = [Math.floor(i / width), i % width]
      let total = bias[feature] ?? 0
      for (let head = 0; head < heads; head++) total += result.data[(row * heads + head) * width + feature] ?? 0
      return total
    })
    expectClose(out, sum, { rtol: 1e-5, atol: 1e-6 })
    await biased.dispose()
  })
})

describe('functions', () => {
  it('[F1] get their run’s activation, point and positions, and change no other run’s', async () => {
    const seen: [string, number[], number[]][] = []
    const look: HookFunction = (x, point, positions) => {
      seen.push([point.name, x.shape, [...positions]])
      return tf.add(x, 1)
    }
    const functions = [MID, PATTERN].map(at => ({ at, run: look }))
    const other = promptOf(model, 6, 5)
    const options = { capture: '*', logits: 'all' } as const
    const before = await runWithHooks(model, [{ ids: other }, { ids }, { ids: other }], options)
    const after = await runWithHooks(model, [{ ids: other }, { ids, functions }, { ids: other }], options)
    expect(seen).toEqual([
      [PATTERN, [4, 6, 6], [0, 1, 2, 3, 4, 5]],
      [MID, [6, 24], [0, 1, 2, 3, 4, 5]],
    ])
    for (const neighbour of [0, 2])
      for (const [name, { data }] of after[neighbour]?.capture.entries() ?? [])
        expectSame(data, before[neighbour]?.capture.get(name).data ?? [], name)
    const pattern = before[1]?.capture.get(PATTERN).data ?? new Float32Array()
    expectSame(
      after[1]?.capture.get(PATTERN).data ?? [],
      pattern.map(x => x + 1),
      'pattern',
    )
  })

  it('[F2] giving back nothing leaves all as it is', async () => {
    const functions = [MID, PATTERN, SCORES, 'result@L0', 'embed', 'unembed_out'].map(at => ({
      at,
      run: () => undefined,
    }))
    const options = { logits: 'all' } as const
    expectClose(
      (await run({ functions }, options)).logits.flatMap(row => [...row]),
      (await run({}, options)).logits.flatMap(row => [...row]),
      { atol: 1e-6 },
    )
  })

  const bad: [string, (x: tf.Tensor) => unknown, string][] = [
    ['another shape', x => tf.reshape(x, [24, 6]), 'got float32 of shape [24, 6]'],
    ['whole numbers', x => tf.cast(x, 'int32'), 'got int32 of shape [6, 24]'],
    ['a promise', async x => x, 'got a promise: hook functions are synchronous'],
    ['an array', () => [1, 2], 'got object'],
    ['null', () => null, 'got null'],
    [
      'a disposed tensor',
      x => {
        const given = tf.add(x, 1)
        given.dispose()
        return given
      },
      'got a disposed tensor',
    ],
  ]
  it.each(bad)('[F2] [R1] %s is an error', async (_, give, message) => {
    // A user's file is not type-checked: what it gives back is anything.
    const functions = [{ at: MID, run: (x: tf.Tensor) => give(x) as tf.Tensor | undefined }]
    await expect(run({ functions })).rejects.toThrow(ShapeError)
    await expect(run({ functions })).rejects.toThrow(
      `hook at ${MID}: expected nothing or a float32 tensor of shape [6, 24], ${message}`,
    )
  })

  it('[F2] [P5] at a point that is none, or one that throws, is that error', async () => {
    await expect(run({ functions: [{ at: 'resid_mid@L9', run: () => undefined }] })).rejects.toThrow(HookPointError)
    await expect(run({ functions: [{ at: 'L1H3', run: () => undefined }] })).rejects.toThrow(
      'function at L1H3: expected a whole point, blocks.1.attn.hook_z, got a head of it',
    )
    const failing = () => {
      throw new Error('mine')
    }
    await expect(run({ functions: [{ at: MID, run: failing }] }, { capture: '*' })).rejects.toThrow('mine')
  })
})

/** A change that cannot be seen: added nothing times. */
const LATE = { set: { add: [1], coefficient: 0 } }

describe('bad input', () => {
  const zero = { zero: true } as const
  it.each<[Intervention, string]>([
    [{ at: 'L0H1', head: 2, set: zero }, 'intervention at L0H1: expected the head of the name, 1, got 2'],
    [{ at: 'N3@L0', neuron: 4, set: zero }, 'expected the neuron of the name, 3, got 4'],
    [{ at: 'N3@L0', head: 0, set: zero }, 'expected no head, got 0: blocks.0.mlp.hook_post has no heads'],
    [{ at: 'L0H1', neuron: 0, set: zero }, 'expected no neuron, got 0: blocks.0.attn.hook_z has no neurons'],
    [{ at: MID, head: 0, set: zero }, `expected no head, got 0: ${MID} has no heads`],
    [{ at: 'z@L0', head: 4, set: zero }, 'expected a head from 0 to 3, got 4'],
    [{ at: 'mlp_pre@L1', neuron: 38, set: zero }, 'expected a neuron from 0 to 37, got 38'],
    [{ at: PATTERN, head: 4, set: zero }, 'expected a head from 0 to 3, got 4'],
    [{ at: MID, position: 6, set: zero }, 'expected a position from -6 to 5, got 6'],
    [{ at: MID, position: [0, -7], set: zero }, 'expected a position from -6 to 5, got -7'],
    [{ at: MID, position: 1.5, set: zero }, 'expected a position from -6 to 5, got 1.5'],
    [{ at: MID, position: [5, 1, -1], set: zero }, 'expected each position once, got 5 twice'],
    [{ at: MID, position: [], set: zero }, `intervention at ${MID}: expected at least one position, got none`],
    [{ at: MID, set: { value: [1, 2] } }, `intervention at ${MID}: expected 24 numbers, got 2`],
    [{ at: 'L1H0', set: { add: [1] } }, 'expected 6 numbers, got 1'],
    [{ at: 'N5@L0', set: { mean: [1, 2] } }, 'expected 1 numbers, got 2'],
    [{ at: 'pattern@L0', position: [0, 1], set: { value: new Array(4).fill(1) } }, 'expected 8 numbers, got 4'],
  ])('[I4] [I9] %j', async (intervention, message) => {
    await expect(run({ interventions: [intervention] })).rejects.toThrow(ShapeError)
    await expect(run({ interventions: [intervention] })).rejects.toThrow(message)
    // A sweep says so before its first pass too, also of a patch that would not run.
    const late = { interventions: [{ ...intervention, ...('add' in intervention.set ? LATE : {}) }] }
    expect(() => planSweep(model.spec, { bases: [{ ids, metrics: [], patches: [late] }] }, () => [])).toThrow(message)
  })

  it.each<[Partial<PromptRun>, RunOptions, string]>([
    [{ ids: [] }, {}, 'prompt: expected at least one token, got none'],
    [{ ids: [59] }, {}, 'prompt: expected token ids from 0 to 58, got 59'],
    [{ ids: [-1] }, {}, 'prompt: expected token ids from 0 to 58, got -1'],
    [{ ids: [0.5] }, {}, 'prompt: expected token ids from 0 to 58, got 0.5'],
    [{ ids: new Array(65).fill(1) }, {}, 'prompt: expected at most 64 tokens (the model’s context), got 65'],
    [{}, { capture: 'embed', capturePositions: 6 }, 'capture: expected a position from -6 to 5, got 6'],
    [{}, { logits: [0, 6] }, 'logits: expected a position from -6 to 5, got 6'],
    [{}, { metrics: [{ kind: 'top1' }], metricPosition: -7 }, 'metric: expected a position from -6 to 5, got -7'],
  ])('[I9] a prompt, or a position to read, before any pass: %j %j', async (own, options, message) => {
    let passes = 0
    const counting = () => {
      passes++
      return undefined
    }
    await expect(run({ ...own, functions: [{ at: 'embed', run: counting }] }, options)).rejects.toThrow(message)
    expect(passes).toBe(0)
  })
})
