/** Shares of the logits add up to them, in families that differ in norms, biases, soft-caps and halves. */
import { expect, it } from 'vitest'
import { ShapeError } from '../../engine/errors.ts'
import { directLogits } from '../../hooks/direct-logits.ts'
import { runWithHooks } from '../../hooks/hooked.ts'
import { expectClose } from '../support/close.ts'
import { openFixture, promptOf } from '../support/models.ts'
import { expectNoTensorLeaks } from '../support/tensors.ts'

expectNoTensorLeaks()

const TOKENS = [3, 0, 17]

/** `gpt2`: a norm that centres, with a bias. `gemma2`: norms that store w − 1, a soft-cap. */
it.each(['llama-gqa-tied', 'llama-bias', 'gpt2', 'gemma2', 'gpt-neox-parallel'])('%s', async name => {
  const model = await openFixture(name)
  try {
    const { spec, weights } = model
    const [run] = await runWithHooks(model, [{ ids: promptOf(model, 6, 1) }], {
      capture: ({ site }) =>
        ['embed', 'pos_embed', 'attn_out', 'mlp_out', 'ln_final_scale', 'resid_post'].includes(site),
      capturePositions: -2,
      logits: -2,
    })
    if (run === undefined) throw new Error('one run, one output')
    const scale = run.capture.get('ln_final.hook_scale').data[0] ?? Number.NaN
    const parts = Array.from(run.capture.entries()).filter(([, { point }]) => !/scale|resid/.test(point.site))
    const shares = directLogits(model, Float32Array.from(parts.flatMap(([, { data }]) => [...data])), scale, TOKENS)
    expect(shares.length).toBe(parts.length * TOKENS.length)
    const rows = weights.unembed.rows(TOKENS)
    const summed = TOKENS.map((token, i) => {
      let logit = weights.unembed.bias?.[token] ?? 0
      for (const [feature, bias] of (weights.finalNorm.bias ?? []).entries())
        logit += bias * (rows[i * spec.dModel + feature] ?? 0)
      for (let part = 0; part < parts.length; part++) logit += shares[part * TOKENS.length + i] ?? Number.NaN
      return spec.logitSoftCap === null ? logit : spec.logitSoftCap * Math.tanh(logit / spec.logitSoftCap)
    })
    // Sums of a few hundred float32 products of size 1 to 10, in another order.
    const logits = TOKENS.map(token => run.logits[0]?.[token] ?? Number.NaN)
    expectClose(summed, logits, { atol: 2e-5, rtol: 1e-5 })
    const stream = run.capture.get(`resid_post@L${spec.layers.length - 1}`).data
    const together = TOKENS.map((_, i) => parts.reduce((sum, _part, part) => sum + (shares[part * 3 + i] ?? 0), 0))
    expectClose(directLogits(model, stream, scale, TOKENS), together, { atol: 2e-5, rtol: 1e-5 })
    expect(() => directLogits(model, stream.slice(1), scale, TOKENS)).toThrow(ShapeError)
    expect(() => directLogits(model, stream, scale, [spec.vocab])).toThrow('expected a token id from 0 to')
  } finally {
    await model.dispose()
  }
})
