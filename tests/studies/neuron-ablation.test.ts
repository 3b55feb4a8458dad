/**
 * How a layer's neurons stand in their figure: near two columns a row, never one line too fine to read.
 * And what is refused before anything is computed.
 */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { loadModel } from '../../engine/load.ts'
import type { Model } from '../../engine/model.ts'
import { neuronsARow } from '../../studies/neuron-ablation.ts'
import { resolveParams } from '../../studies/params-validate.ts'
import { loadStudy } from '../../studies/registry.ts'
import { EMBEDDED_MODEL } from '../../studies/runs/model-list.ts'

it.each([
  [1, 1],
  [64, 16],
  [128, 16],
  [2048, 64],
  [3072, 128],
  [8192, 128],
  [32768, 128],
])('a layer of %s neurons is drawn in rows of %s', (neurons, row) => {
  expect(neuronsARow(neurons)).toBe(row)
})

let model: Model
beforeAll(async () => {
  model = await loadModel(EMBEDDED_MODEL, { backend: 'wasm' })
})
afterAll(() => model.dispose())

it('a mean over no reference prompts is refused; for zero ablation there need be none', async () => {
  const study = await loadStudy({ id: 'neuron-ablation' })
  const values = (ablation: string) => resolveParams(study.params, null, { ablation, reference: [], layers: '0' })
  await expect(study.estimate(model, values('mean'))).rejects.toThrow(
    /^parameter reference: expected at least one prompt to take the mean over, got none$/,
  )
  expect((await study.estimate(model, values('zero'))).patches).toBe(model.spec.dMlp)
})
