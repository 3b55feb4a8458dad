/** Means of activations over prompts, as interventions take them. */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { ShapeError } from '../../engine/errors.ts'
import type { Model } from '../../engine/model.ts'
import { type PromptRun, type RunOptions, type RunOutput, runWithHooks } from '../../hooks/hooked.ts'
import type { Intervention } from '../../hooks/intervention.ts'
import { meanActivation } from '../../hooks/mean.ts'
import { expectClose, expectSame } from '../support/close.ts'
import { openFixture, promptOf } from '../support/models.ts'
import { expectNoTensorLeaks } from '../support/tensors.ts'

const MID = 'blocks.1.hook_resid_mid'
const PATTERN = 'blocks.0.attn.hook_pattern'

let model: Model
let ids: number[]
beforeAll(async () => {
  model = await openFixture('llama-gqa-tied')
  ids = promptOf(model, 6, 1)
})
afterAll(() => model.dispose())
expectNoTensorLeaks()

async function run(own: Partial<PromptRun>, options: RunOptions): Promise<RunOutput> {
  const [output] = await runWithHooks(model, [{ ids, ...own }], options)
  if (output === undefined) throw new Error('no output')
  return output
}

it('[I3] the mean of a head or neuron is what that name takes', async () => {
  for (const [at, offset, length] of [
    ['L0H2', 12, 6],
    ['N5@L0', 5, 1],
  ] as const) {
    const whole = await meanActivation(model, [ids], at.startsWith('L') ? 'z@L0' : 'mlp_post@L0')
    const mean = await meanActivation(model, [ids], at)
    expect(mean).toEqual(whole.slice(offset, offset + length))
    const { capture } = await run({ interventions: [{ at, set: { mean } }] }, { capture: ['z@L0', 'mlp_post@L0'] })
    const { data } = capture.get(at.startsWith('L') ? 'z@L0' : 'mlp_post@L0')
    expectSame(data.slice(offset, offset + length), mean.map(Math.fround), at)
  }
})

it('[I3] a mean is over prompts and positions, and ready to be set', async () => {
  const prompts = [ids, promptOf(model, 3, 9)]
  const mean = await meanActivation(model, prompts, MID)
  const rows: Float32Array[] = []
  for (const prompt of prompts) {
    const { data } = (await run({ ids: prompt }, { capture: MID })).capture.get(MID)
    for (let at = 0; at < data.length; at += 24) rows.push(data.slice(at, at + 24))
  }
  const expected = Array.from({ length: 24 }, (_, i) => rows.reduce((sum, row) => sum + (row[i] ?? 0), 0) / rows.length)
  expectClose(mean, expected, { atol: 1e-6 })
  const interventions: Intervention[] = [{ at: MID, position: 1, set: { mean: [...mean] } }]
  const { data } = (await run({ interventions }, { capture: MID, capturePositions: 1 })).capture.get(MID)
  expectSame(data, Float32Array.from(mean), 'set')
  await expect(meanActivation(model, [], MID)).rejects.toThrow('expected at least one prompt')
  await expect(meanActivation(model, prompts, PATTERN)).rejects.toThrow(ShapeError)
})
