/** What a lane costs, counted by hand: dense layers, mixtures, and both in one model. */
import { describe, expect, it } from 'vitest'
import { disposeKeyValues } from '../../../engine/forward.ts'
import type { ModelSpec } from '../../../engine/spec.ts'
import { planBase } from '../../../hooks/sweep/base-run.ts'
import { laneFlops, rowBytes } from '../../../hooks/sweep/cost.ts'
import { planSweep } from '../../../hooks/sweep/plan.ts'
import { sourcePasses } from '../../../hooks/sweep/sources.ts'
import { openFixture } from '../../support/models.ts'

async function specOf(name: string): Promise<ModelSpec> {
  const model = await openFixture(name)
  await model.dispose()
  return model.spec
}

/** One row that joins at a boundary and sees itself and two positions before it. */
const lane = (boundary: number) =>
  ({ base: 0, patch: 0, boundary, start: 2, end: 2, measured: 2, deltaAt: null, whole: false }) as const

describe('laneFlops', () => {
  it('a dense MLP is its matrices, a sparse one the router and the chosen experts', async () => {
    const mixed = await specOf('mixtral')
    const { dModel, experts, layers } = mixed
    if (experts === null) throw new Error('mixtral has experts')
    const last = 2 * layers.length
    const sparse = laneFlops(mixed, lane(last - 1), 0)
    expect(sparse).toBe(2 * dModel * experts.count + experts.perToken * 2 * 3 * dModel * experts.dExpert)
    const dense = { ...mixed, layers: layers.map(layer => ({ ...layer, sparse: false })), dMlp: 70 }
    expect(laneFlops(dense, lane(last - 1), 0)).toBe(2 * 3 * dModel * 70)
    // Both kinds in one model: each layer costs what it is.
    const both = { ...dense, layers: dense.layers.map((layer, i) => ({ ...layer, sparse: i === layers.length - 1 })) }
    const lower = laneFlops(dense, lane(last - 3), 0) - laneFlops(dense, lane(last - 1), 0)
    expect(laneFlops(both, lane(last - 3), 0)).toBe(lower + sparse)
  })

  it('the unembedding is one row of the vocabulary’s part that is read', async () => {
    const spec = await specOf('llama-mha-untied')
    expect(laneFlops(spec, lane(2 * spec.layers.length), 1)).toBe(2 * spec.dModel * spec.vocab)
    expect(laneFlops(spec, lane(2 * spec.layers.length), 0)).toBe(0)
  })
})

describe('rowBytes', () => {
  it('grows with what the widest layer is: experts that a row chooses, or a dense MLP', async () => {
    const spec = await specOf('mixtral')
    const { experts } = spec
    if (experts === null) throw new Error('mixtral has experts')
    const wide = (dExpert: number): ModelSpec => ({ ...spec, experts: { ...experts, dExpert } })
    expect(rowBytes(wide(2001), 3) - rowBytes(wide(2000), 3)).toBe(4 * experts.perToken * 5)
    // No layer is dense: the width of a dense MLP does not matter.
    expect(rowBytes({ ...wide(2000), dMlp: 1e6 }, 3)).toBe(rowBytes(wide(2000), 3))
  })
})

describe('keptBytes', () => {
  it.each(['llama-mha-untied', 'gpt2', 'qwen3-moe'])('is what a base run of %s keeps', async name => {
    const model = await openFixture(name)
    const ids = [1, 2, 3, 4]
    const patches = [
      { interventions: [{ at: 'blocks.0.hook_resid_pre', position: 1, set: { zero: true as const } }] },
      { interventions: [{ at: 'blocks.0.attn.hook_z', head: 0, position: 1, set: { zero: true as const } }] },
      { interventions: [{ at: 'blocks.1.hook_mlp_out', set: { scale: 2 } }] },
    ]
    // Measured before its end: the last token never runs.
    const base = { ids, position: 2, metrics: [{ kind: 'logit' as const, tokens: [1] }], patches }
    const plan = planSweep(model.spec, { bases: [base] }, () => [])
    const lanes = plan.slices.flatMap(slice => slice.patches)
    const { request } = planBase(model, ids.slice(0, 3), 2, base.metrics, lanes)
    const { sources, passes } = sourcePasses(model, [request], undefined)
    for (const pass of passes) await pass(model.weights)
    const [source] = sources
    if (source === undefined) throw new Error('no base run')
    const captured = request.points.reduce((sum, point) => sum + source.capture.get(point.name).data.byteLength, 0)
    const { keys, values } = source.keyValues
    expect(plan.baseBytes).toBe(captured + [...keys, ...values].reduce((sum, x) => sum + 4 * x.size, 0))
    disposeKeyValues(source.keyValues)
    await model.dispose()
  })
})
