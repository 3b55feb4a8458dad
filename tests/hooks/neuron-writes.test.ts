/** What a neuron writes, against a step of its activation with the norms' divisors held, in families that differ. */
import { expect, it } from 'vitest'
import { pointOf } from '../../engine/points.ts'
import { runWithHooks } from '../../hooks/hooked.ts'
import { neuronLogits } from '../../hooks/neuron-writes.ts'
import { openFixture, promptOf } from '../support/models.ts'

/** `gpt2`: matrices stored the other way, a centring norm. `gemma2`: norms that store w − 1, one after the MLP, a soft-cap. */
it.each(['llama-bias', 'gpt2', 'gemma2', 'qwen2'])(
  'is what one unit of activation adds to the logits: %s',
  async name => {
    const model = await openFixture(name)
    try {
      const { spec } = model
      const layer = spec.layers.length - 1
      const ids = promptOf(model, 6, 1)
      const at = pointOf('mlp_post', layer).name
      const scaleName = pointOf('ln_final_scale').name
      const postName = spec.postNorm ? [pointOf('ln2_post_scale', layer).name] : []
      const [run] = await runWithHooks(model, [{ ids }], {
        capture: [at, scaleName, ...postName],
        capturePositions: -1,
        logits: -1,
      })
      const one = (point: string) => run?.capture.get(point).data[0] ?? Number.NaN
      const final = one(scaleName)
      const mlpOut = postName[0] === undefined ? null : one(postName[0])
      const neuron = 3
      const value = (run?.capture.get(at).data[neuron] ?? 0) + 1
      const held = [scaleName, ...postName].map(point => ({ at: point, position: -1, set: { value: one(point) } }))
      const [stepped] = await runWithHooks(
        model,
        [{ ids, interventions: [{ at, neuron, position: -1, set: { value } }, ...held] }],
        { logits: -1 },
      )
      // Before the soft-cap, which bends a step.
      const cap = spec.logitSoftCap
      const raw = (logit: number) => (cap === null ? logit : cap * Math.atanh(logit / cap))
      const gain = Array.from(
        stepped?.logits[0] ?? [],
        (logit, i) => raw(logit) - raw(run?.logits[0]?.[i] ?? Number.NaN),
      )
      const mean = gain.reduce((sum, each) => sum + each, 0) / gain.length
      const logits = await neuronLogits(model, { layer, neuron }, { final, mlpOut })
      const largest = Math.max(...gain.map(each => Math.abs(each - mean)))
      expect(largest).toBeGreaterThan(0)
      const worst = Math.max(...gain.map((each, i) => Math.abs(each - mean - (logits[i] ?? Number.NaN))))
      // The step is read as a difference of two logits in float32.
      expect(worst).toBeLessThan(1e-4 + 1e-3 * largest)
    } finally {
      await model.dispose()
    }
  },
)

it('finds an expert’s neuron in a mixture', async () => {
  const model = await openFixture('mixtral')
  try {
    const ids = promptOf(model, 6, 2)
    const layer = model.spec.layers.length - 1
    const indices = pointOf('expert_indices', layer).name
    const [run] = await runWithHooks(model, [{ ids }], {
      capture: [indices, 'ln_final.hook_scale'],
      capturePositions: -1,
    })
    const expert = run?.capture.get(indices).data[0] ?? 0
    const scale = run?.capture.get('ln_final.hook_scale').data[0] ?? 0
    const held = { at: 'ln_final.hook_scale', position: -1, set: { value: scale } }
    const at = pointOf('expert_post', layer, expert).name
    const values = [0, 1]
    const runs = values.map(value => ({
      ids,
      interventions: [{ at, neuron: 2, position: -1, set: { value } }, held],
    }))
    const [without, withOne] = await runWithHooks(model, runs, { logits: -1 })
    const gain = Array.from(withOne?.logits[0] ?? [], (logit, i) => logit - (without?.logits[0]?.[i] ?? Number.NaN))
    const logits = await neuronLogits(model, { layer, neuron: 2, expert }, { final: scale, mlpOut: null })
    // The mixture multiplies by the expert's weight: the direction is the same, its length is not.
    const mean = gain.reduce((sum, each) => sum + each, 0) / gain.length
    const dot = (a: ArrayLike<number>, b: ArrayLike<number>) =>
      Array.from(a).reduce((sum, each, i) => sum + each * (b[i] ?? 0), 0)
    const centred = gain.map(each => each - mean)
    const cosine = dot(centred, logits) / Math.sqrt(dot(centred, centred) * dot(logits, logits))
    expect(cosine).toBeGreaterThan(0.9999)
  } finally {
    await model.dispose()
  }
})
