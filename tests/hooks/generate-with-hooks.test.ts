/** Steered generation equals full passes with the same interventions at every step. */
import * as tf from '@tensorflow/tfjs-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { HookPointError, ShapeError } from '../../engine/errors.ts'
import { generate } from '../../engine/generate.ts'
import type { Model } from '../../engine/model.ts'
import { generateWithHooks, type HookedGenerateOptions } from '../../hooks/generate-with-hooks.ts'
import { type PromptRun, runWithHooks } from '../../hooks/hooked.ts'
import type { Intervention } from '../../hooks/intervention.ts'
import { openFixture, promptOf } from '../support/models.ts'
import { randomValues } from '../support/random.ts'
import { expectNoTensorLeaks } from '../support/tensors.ts'

const STEPS = 7
const PROMPT = 5

async function idsOf(tokens: AsyncGenerator<{ readonly id: number }>): Promise<number[]> {
  const ids: number[] = []
  for await (const { id } of tokens) ids.push(id)
  return ids
}

const argmax = (logits: Float32Array): number => logits.indexOf(logits.reduce((a, b) => Math.max(a, b)))

describe.each(['llama-gqa-tied', 'mistral-window', 'gemma2', 'gpt2'])('%s', name => {
  let model: Model
  let prompt: number[]
  beforeAll(async () => {
    model = await openFixture(name)
    prompt = promptOf(model, PROMPT, 2)
  })
  afterAll(() => model.dispose())
  expectNoTensorLeaks()

  /** A full pass a step; `hooksAt` says which hooks apply to a sequence of a length. */
  async function full(hooksAt: (length: number) => Omit<PromptRun, 'ids'>): Promise<number[]> {
    const ids = [...prompt]
    for (let i = 0; i < STEPS; i++) {
      const [output] = await runWithHooks(model, [{ ids, ...hooksAt(ids.length) }], { logits: -1 })
      ids.push(argmax(output?.logits[0] ?? new Float32Array()))
    }
    return ids.slice(PROMPT)
  }

  const steered = (options: HookedGenerateOptions) =>
    idsOf(generateWithHooks(model, prompt, { maxTokens: STEPS, eosIds: [], ...options }))

  it('[G5] without hooks it is plain generation', async () => {
    const options = { maxTokens: STEPS, eosIds: [], temperature: 1.5, seed: 4 }
    expect(await steered(options)).toEqual(await idsOf(generate(model, prompt, options)))
  })

  it('[G5] at all positions: at each step', async () => {
    const add = Array.from(randomValues(model.spec.dModel, 3), x => x * 3)
    const interventions: Intervention[] = [
      { at: 'resid_post@L0', set: { add, coefficient: 2 } },
      { at: 'L1H1', position: 'all', set: { zero: true } },
      { at: 'pattern@L0', head: 0, set: { scale: 0.5 } },
    ]
    const found = await steered({ interventions })
    expect(found).toEqual(await full(() => ({ interventions })))
    expect(found).not.toEqual(await steered({}))
  })

  it('[G5] at fixed positions: when each is computed, in the prompt or after', async () => {
    const value = Array.from(randomValues(model.spec.dModel, 5), x => x * 4)
    const at = 'resid_mid@L1'
    const fixed = [1, PROMPT, PROMPT + 2]
    const found = await steered({ interventions: [{ at, position: fixed, set: { value } }] })
    const expected = await full(length => ({
      interventions: [{ at, position: fixed.filter(position => position < length), set: { value } }],
    }))
    expect(found).toEqual(expected)
    expect(found).not.toEqual(await steered({}))
  })

  it('[G5] negative positions count from the prompt’s end, the donor’s from its own', async () => {
    const donor = promptOf(model, 8, 9)
    const interventions: Intervention[] = [{ at: 'resid_mid@L1', position: -1, set: { from: donor } }]
    const absolute: Intervention[] = [{ at: 'resid_mid@L1', position: PROMPT - 1, set: { from: donor, position: 7 } }]
    const found = await steered({ interventions })
    expect(found).toEqual(await full(() => ({ interventions: absolute })))
    const scaled: Intervention[] = [{ at: 'resid_pre@L1', position: -2, set: { scale: -3 } }]
    expect(await steered({ interventions: scaled })).toEqual(
      await full(() => ({ interventions: [{ at: 'resid_pre@L1', position: PROMPT - 2, set: { scale: -3 } }] })),
    )
  })

  it('[I1] [G5] in the order given, fixed and lasting ones mixed', async () => {
    const at = 'resid_mid@L1'
    const one: Intervention = { at, position: PROMPT, set: { value: 0.5 } }
    const all: Intervention = { at, set: { add: Array.from(randomValues(model.spec.dModel, 6), x => 5 * x) } }
    for (const interventions of [
      [one, all],
      [all, one],
    ])
      expect(await steered({ interventions })).toEqual(
        await full(length => ({ interventions: interventions.filter(item => item !== one || length > PROMPT) })),
      )
  })

  it('[F1] [G5] functions see every position once, by its absolute number', async () => {
    const seen: number[][] = []
    const run = (x: tf.Tensor, _: unknown, positions: readonly number[]) => {
      seen.push([...positions])
      return tf.mul(x, -1)
    }
    const functions = [{ at: 'mlp_out@L0', run }]
    const found = await steered({ functions })
    expect(seen).toEqual([[0, 1, 2, 3, 4], ...Array.from({ length: STEPS - 1 }, (_, i) => [PROMPT + i])])
    expect(found).toEqual(await full(() => ({ functions })))
  })

  it('[R1] left early or failing, it frees everything', async () => {
    for await (const _ of generateWithHooks(model, prompt, { interventions: [{ at: 'L0H0', set: { zero: true } }] }))
      break
    const late = {
      at: 'mlp_out@L0',
      run: (x: tf.Tensor, _: unknown, [first = 0]: readonly number[]) => {
        if (first > PROMPT) throw new Error('too far')
        return x
      },
    }
    await expect(steered({ functions: [late] })).rejects.toThrow('too far')
  })
})

describe('errors', () => {
  let model: Model
  beforeAll(async () => {
    model = await openFixture('llama-gqa-tied')
  })
  afterAll(() => model.dispose())
  expectNoTensorLeaks()

  it.each<[Intervention, string]>([
    [{ at: 'L0H0', set: { from: [1, 2] } }, "expected positions for a donor, got 'all'"],
    [{ at: 'L0H0', position: 'all', set: { from: [1, 2] } }, "expected positions for a donor, got 'all'"],
    // 5 tokens and 3 to come, the last of which is chosen and never run.
    [
      { at: 'L0H0', position: 7, set: { zero: true } },
      'expected a position from -5 to 6 (prompt and tokens to come), got 7',
    ],
    [{ at: 'L0H0', position: -6, set: { zero: true } }, 'expected a position from -5 to 6'],
    [{ at: 'L0H0', position: 6, set: { from: [1, 2] } }, 'donor: expected a position from -2 to 1, got 6'],
    [{ at: 'L0H0', position: [1, -4], set: { zero: true } }, 'expected each position once, got 1 twice'],
    [{ at: 'L0H9', set: { zero: true } }, 'expected a head from 0 to 3, got 9'],
    [{ at: 'resid_mid@L0', set: { value: [1] } }, 'expected 24 numbers, got 1'],
  ])('[G6] %j', async (intervention, message) => {
    const failure = generateWithHooks(model, [1, 2, 3, 4, 5], { maxTokens: 3, interventions: [intervention] }).next()
    await expect(failure).rejects.toThrow(ShapeError)
    await expect(failure).rejects.toThrow(message)
  })

  it('[P5] [G6] a point that is none', async () => {
    const at = 'resid_mdi@L0'
    await expect(
      generateWithHooks(model, [1], { interventions: [{ at, set: { zero: true } }] }).next(),
    ).rejects.toThrow(HookPointError)
    await expect(generateWithHooks(model, [1], { functions: [{ at, run: () => undefined }] }).next()).rejects.toThrow(
      HookPointError,
    )
  })
})
