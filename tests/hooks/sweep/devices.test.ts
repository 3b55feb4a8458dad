/**
 * [S1] on tensors that do not lie in host memory: webgpu through a software driver. Hook points of
 * a few fixtures, each kind of change; the plain loop runs on wasm, so that the two
 * backends are held against each other as well. (`equals-plain.test.ts` with PATCHLIGHT_TEST_BACKENDS=webgpu
 * runs its thousands of random patches there, in about an hour.)
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { selectBackend } from '../../../engine/backends/select.ts'
import type { Model } from '../../../engine/model.ts'
import { pointsOf } from '../../../engine/points.ts'
import type { Intervention } from '../../../hooks/intervention.ts'
import { prepareSweep } from '../../../hooks/sweep/execute.ts'
import { runPlain } from '../../../hooks/sweep/plain.ts'
import type { Patch, SweepRequest } from '../../../hooks/sweep/types.ts'
import { expectClose } from '../../support/close.ts'
import { LEEWAY, openFixture, promptOf } from '../../support/models.ts'
import { expectNoTensorLeaks } from '../../support/tensors.ts'
import { webgpuMissing } from '../../support/webgpu.ts'

const LENGTH = 7

/** A kernel takes a software driver a millisecond, and each new one a tenth of a second to compile. */
const TIMEOUT_MS = 240_000

/** One change of every third point, which in turn are all of them over the layers; the kinds in turn. */
function patches(model: Model): Patch[] {
  const points = pointsOf(model.spec).filter(
    ({ site }) => site !== 'expert_indices' && !site.endsWith('_scale') && site !== 'unembed_out',
  )
  const kinds: readonly Intervention['set'][] = [
    { zero: true },
    { scale: -0.5 },
    { value: 0.25 },
    { from: promptOf(model, LENGTH, 2) },
  ]
  return points
    .filter((_, i) => i % 3 === 0)
    .map(({ name }, i) => ({
      interventions: [{ at: name, position: i % 3 === 0 ? [1, 4] : i % LENGTH, set: kinds[i % 4] ?? { zero: true } }],
    }))
}

const missing = webgpuMissing()

describe.skipIf(missing !== undefined)(`webgpu${missing === undefined ? '' : `: ${missing}`}`, () => {
  expectNoTensorLeaks()

  describe.each(['gpt2', 'qwen3-moe'])('%s', name => {
    let plain: Model
    let model: Model
    beforeAll(async () => {
      plain = await openFixture(name, 'wasm')
      model = await openFixture(name, 'webgpu')
    })
    afterAll(async () => {
      await model.dispose()
      await plain.dispose()
    })

    it('[S1] a sweep gives what the plain loop gives on wasm', { timeout: TIMEOUT_MS }, async () => {
      const request: SweepRequest = {
        bases: [
          {
            ids: promptOf(plain, LENGTH, 1),
            patches: patches(plain),
            metrics: [
              { kind: 'log_prob', tokens: [1, 4] },
              { kind: 'logit_diff', tokens: [1], against: [2, 3] },
              { kind: 'rank', token: 5 },
              { kind: 'top1' },
            ],
            position: -2,
          },
        ],
        memoryBytes: 200_000,
        sliceMs: 1000,
      }
      await selectBackend('wasm')
      const expected = new Map<number, Float64Array>()
      for await (const { patch, values } of runPlain(plain, request)) expected.set(patch, values)
      await selectBackend('webgpu')
      const found = new Map<number, Float64Array>()
      const sweep = await prepareSweep(model, request)
      try {
        for await (const results of sweep.run()) for (const { patch, values } of results) found.set(patch, values)
      } finally {
        sweep.dispose()
      }
      expect([...found.keys()].sort()).toEqual([...expected.keys()].sort())
      for (const [patch, values] of expected)
        expectClose(found.get(patch) ?? [], values, { atol: 2e-5 * LEEWAY.webgpu.times, rtol: 1e-5 })
    })
  })
})
