/** Mixtures of experts under hooks: names, what an expert adds, and who is chosen. */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { HookPointError, ShapeError } from '../../../engine/errors.ts'
import type { Model } from '../../../engine/model.ts'
import { resolvePoint } from '../../../engine/point-names.ts'
import { pointsOf } from '../../../engine/points.ts'
import { runWithHooks } from '../../../hooks/hooked.ts'
import type { Intervention } from '../../../hooks/intervention.ts'
import { expectClose } from '../../support/close.ts'
import { openFixture, promptOf } from '../../support/models.ts'

let model: Model
beforeAll(async () => {
  model = await openFixture('qwen3-moe-raw')
})
afterAll(() => model.dispose())

const capture = async (interventions: Intervention[] = []) => {
  const [output] = await runWithHooks(model, [{ ids: promptOf(model, 9, 3), interventions }], { capture: () => true })
  if (output === undefined) throw new Error('no output')
  return (name: string) => Array.from(output.capture.get(`blocks.1.${name}`).data)
}

it('an expert’s points have names, and an expert that is not there is an error', () => {
  const { point } = resolvePoint(model.spec, 'blocks.1.mlp.experts.5.hook_post')
  expect(point).toMatchObject({ site: 'expert_post', layer: 1, expert: 5 })
  expect(() => resolvePoint(model.spec, 'blocks.1.mlp.experts.6.hook_post')).toThrow(/expert from 0 to 5, got 6/)
  expect(() => resolvePoint(model.spec, 'blocks.0.mlp.experts.0.hook_post')).toThrow(HookPointError)
  expect(() => resolvePoint(model.spec, 'blocks.1.mlp.hook_post')).toThrow(HookPointError)
  expect(() => resolvePoint(model.spec, 'expert_post@L1')).toThrow(HookPointError)
})

it('every point fires once, in the order of the list', async () => {
  const fired: string[] = []
  const functions = pointsOf(model.spec).map(({ name }) => ({ at: name, run: () => void fired.push(name) }))
  await runWithHooks(model, [{ ids: promptOf(model, 9, 3), functions }], { logits: -1 })
  expect(fired).toEqual(pointsOf(model.spec).map(point => point.name))
})

it('without the neurons of one expert, the output lacks what it added where it was chosen, and nothing else', async () => {
  const before = await capture()
  const indices = before('mlp.hook_expert_indices')
  const expert = indices[0] ?? 0
  const zeroed = await capture([{ at: `blocks.1.mlp.experts.${expert}.hook_post`, set: { zero: true } }])
  const width = model.spec.dModel
  const { perToken } = model.spec.experts ?? { perToken: 0 }
  for (let row = 0; row < 9; row++) {
    const chosen = indices.slice(row * perToken, (row + 1) * perToken).includes(expert)
    const was = before('hook_mlp_out').slice(row * width, (row + 1) * width)
    const is = zeroed('hook_mlp_out').slice(row * width, (row + 1) * width)
    const moved = Math.max(...is.map((value, i) => Math.abs(value - (was[i] ?? 0))))
    if (chosen) expect(moved).toBeGreaterThan(1e-3)
    else expect(moved).toBe(0)
  }
})

it('the output is the sum of the experts’ neurons times their weights', async () => {
  const run = await capture()
  const { perToken, dExpert } = model.spec.experts ?? { perToken: 0, dExpert: 0 }
  const weights = await model.weights.layer(1)
  const indices = run('mlp.hook_expert_indices')
  const factors = run('mlp.hook_expert_weights')
  const { dModel } = model.spec
  const expected = new Float64Array(9 * dModel)
  for (let row = 0; row < 9; row++)
    for (let j = 0; j < perToken; j++) {
      const expert = indices[row * perToken + j] ?? 0
      const post = run(`mlp.experts.${expert}.hook_post`).slice(row * dExpert, (row + 1) * dExpert)
      const down = weights.experts[expert]?.down.weight.data ?? new Float32Array()
      for (let out = 0; out < dModel; out++) {
        let sum = 0
        for (let i = 0; i < dExpert; i++) sum += (post[i] ?? 0) * (down[out * dExpert + i] ?? 0)
        expected[row * dModel + out] = (expected[row * dModel + out] ?? 0) + sum * (factors[row * perToken + j] ?? 0)
      }
    }
  expectClose(run('hook_mlp_out'), expected, { atol: 2e-5, rtol: 1e-5 })
})

it('indices that a hook sets decide who runs; a number that is no expert’s is an error', async () => {
  const set = (value: number[]): Intervention => ({
    at: 'blocks.1.mlp.hook_expert_indices',
    position: 4,
    set: { value },
  })
  const before = await capture()
  const after = await capture([set([5, 5, 0])])
  const dExpert = model.spec.experts?.dExpert ?? 0
  const row = after('mlp.experts.5.hook_post').slice(4 * dExpert, 5 * dExpert)
  expect(Math.max(...row.map(Math.abs))).toBeGreaterThan(0)
  expect(after('hook_mlp_out')).not.toEqual(before('hook_mlp_out'))
  for (const value of [
    [6, 0, 1],
    [0.5, 0, 1],
    [-1, 0, 1],
  ])
    await expect(capture([set(value)])).rejects.toThrow(ShapeError)
})

it('a norm over the whole width and one by head share their names', async () => {
  const whole = await openFixture('olmoe')
  const byHead = await openFixture('qwen3')
  const name = 'blocks.0.attn.q_norm.hook_scale'
  expect(resolvePoint(whole.spec, name).point.site).toBe('q_whole_norm_scale')
  expect(resolvePoint(byHead.spec, name).point.site).toBe('q_norm_scale')
  expect(() => resolvePoint(model.spec, 'blocks.0.attn.q_norm.hook_scales')).toThrow(HookPointError)
  await Promise.all([whole.dispose(), byHead.dispose()])
})
