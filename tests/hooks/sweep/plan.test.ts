/** The plan as numbers: one example counted by hand, then what must hold of any. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { FAMILIES } from '../../../engine/families/registry.ts'
import type { ModelSpec } from '../../../engine/spec.ts'
import { planSweep, type SweepPlan } from '../../../hooks/sweep/plan.ts'
import type { Patch, SweepRequest } from '../../../hooks/sweep/types.ts'
import { readConfig } from '../../support/fixtures.ts'

const IDS = [1, 2, 3, 4, 5]

/** Two layers, d_model 8, 2 heads of 4 over 1 key/value head, d_mlp 16 (gated), vocabulary 32. */
const SPEC: ModelSpec = {
  ...llamaSpec(),
  dModel: 8,
  heads: 2,
  kvHeads: 1,
  dHead: 4,
  dMlp: 16,
  vocab: 32,
  experts: null,
}

function llamaSpec(): ModelSpec {
  const config = readConfig('llama-gqa-tied')
  const family = FAMILIES.find(({ modelTypes }) => modelTypes.includes('llama'))
  if (family === undefined) throw new Error('no llama')
  const spec = family.spec(config)
  return { ...spec, layers: spec.layers.slice(0, 2) }
}

function plan(patches: readonly Patch[], request: Partial<SweepRequest> = {}, spec = SPEC): SweepPlan {
  const metrics = [{ kind: 'logit' as const, tokens: [1, 2] }]
  return planSweep(spec, { bases: [{ ids: IDS, metrics, patches }], ...request }, () => [])
}

const zero = (at: string, position: number | 'all', head?: number): Patch => ({
  interventions: [{ at, position, set: { zero: true }, ...(head === undefined ? {} : { head }) }],
})

// Operations of one row by hand, two a multiplication and addition, with 5 keys in sight:
// q and o 8·8 each, k and v 8·4 each; scores and mix 2 heads · 4 · 5 each; three matrices of 8·16.
const ATTENTION = 2 * (8 * 8 + 8 * 8 + 8 * 4 + 8 * 4 + 2 * (2 * 4 * 5))
const MLP = 2 * 3 * 8 * 16
const UNEMBED = 2 * 8 * 2 // two tokens of the vocabulary

describe('an example by hand', () => {
  it('[S7] rows and operations from where each lane joins', () => {
    const cases: readonly [Patch, rows: number, flops: number][] = [
      // Joins before layer 1 at position 3: two rows of attention, and of the last MLP the measured one.
      [zero('blocks.1.hook_resid_pre', 3), 2, 2 * ATTENTION + MLP + UNEMBED],
      // Joins after attention of layer 0.
      [zero('blocks.0.attn.hook_z', 3, 1), 2, 2 * MLP + 2 * ATTENTION + MLP + UNEMBED],
      [zero('blocks.0.hook_mlp_out', 1), 4, 4 * ATTENTION + MLP + UNEMBED],
      // Neurons of the last layer meet the unembedding only.
      [zero('blocks.1.mlp.hook_post', -1), 1, UNEMBED],
      [zero('blocks.0.hook_resid_pre', 'all'), 5, 5 * ATTENTION + 5 * MLP + 5 * ATTENTION + MLP + UNEMBED],
    ]
    for (const [patch, rows, flops] of cases) {
      const { slices } = plan([patch])
      expect(slices).toHaveLength(1)
      expect(slices[0]).toMatchObject({ rows, flops })
    }
    const together = plan(cases.map(([patch]) => patch))
    const sum = cases.reduce((total, [, , flops]) => total + flops, 0)
    expect(together.slices.reduce((total, { flops }) => total + flops, 0)).toBe(sum)
    // The base run: every row through everything, one row's unembedding.
    const base = 2 * 5 * (ATTENTION + MLP) + UNEMBED
    expect(together.flops).toBe(sum + base)
    expect(together.plainFlops).toBe(cases.length * base)
    // Measured before its end, the base run ends there; the plain loop runs whole prompts.
    const metrics = [{ kind: 'logit' as const, tokens: [1, 2] }]
    const early = planSweep(
      SPEC,
      { bases: [{ ids: IDS, metrics, patches: [{ interventions: [] }], position: 0 }] },
      () => [],
    )
    const oneKey = ATTENTION - 2 * 2 * (2 * 4 * 4)
    expect(early).toMatchObject({ flops: 2 * (oneKey + MLP) + UNEMBED, plainFlops: base })
  })

  it('[S7] bytes of a row at its widest', () => {
    // 8 streams stand around; the MLP: 5 of 16 neurons; attention: 8 of the heads, 7 of the keys, 4 of 2 × 5 scores.
    const attention = 8 * 8 + 8 * 8 + 7 * 4 + 4 * 2 * 5
    expect(8 * 8 + 5 * 16).toBeLessThan(attention)
    expect(plan([zero('blocks.1.hook_resid_pre', 3)]).slices[0]?.bytes).toBe(2 * 4 * attention)
    const wide = plan([zero('blocks.1.hook_resid_pre', 3)], {}, { ...SPEC, dMlp: 100 })
    expect(wide.slices[0]?.bytes).toBe(2 * 4 * (8 * 8 + 5 * 100))
  })

  it('[S7] layers that a slice passes, and deep lanes first', () => {
    const shallow = zero('blocks.0.hook_resid_pre', 0)
    const deep = zero('blocks.1.mlp.hook_post', -1)
    const { slices } = plan([shallow, deep, shallow, deep], { memoryBytes: 1 })
    expect(slices.map(({ layers }) => layers)).toEqual([0, 0, 2, 2])
    expect(slices.flatMap(({ patches }) => patches.map(({ patch }) => patch))).toEqual([1, 3, 0, 2])
  })
})

describe('what is no change', () => {
  it('[S3] costs no row', () => {
    const empty: Patch = { interventions: [] }
    const same: Patch = { interventions: [{ at: 'blocks.0.hook_resid_pre', set: { from: IDS } }] }
    const plans = plan([empty, same, zero('blocks.1.hook_mlp_out', 2)])
    expect(plans.slices).toEqual([])
    expect(plans.unchanged.map(({ patch }) => patch)).toEqual([0, 1, 2])
    expect(plans.patches).toBe(3)
  })

  it('[S2] a donor that shares its first tokens starts at the first that differs', () => {
    const from = (position: number | 'all' | number[], set: { from: number[]; position?: number[] }): Patch => ({
      interventions: [{ at: 'blocks.0.hook_resid_pre', position, set }],
    })
    const startOf = (patch: Patch): number | null => plan([patch]).slices[0]?.patches[0]?.start ?? null
    const donor = [1, 2, 3, 9, 5]
    expect(startOf(from('all', { from: donor }))).toBe(3)
    expect(startOf(from([1, 4], { from: donor }))).toBe(4)
    expect(startOf(from([0, 1, 2], { from: donor }))).toBeNull()
    expect(startOf(from([1], { from: donor, position: [2] }))).toBe(1)
    expect(startOf(from([1], { from: [7, 2, 3, 4, 5] }))).toBe(1)
  })
})

describe('any plan', () => {
  const SITES = ['hook_resid_pre', 'attn.hook_z', 'attn.hook_q', 'hook_attn_out', 'mlp.hook_post', 'hook_mlp_out']
  const patch = fc
    .record({
      layer: fc.integer({ min: 0, max: 1 }),
      site: fc.constantFrom(...SITES),
      position: fc.integer({ min: 0, max: 4 }),
    })
    .map(({ layer, site, position }) => zero(`blocks.${layer}.${site}`, position))

  it('[S8] keeps to its memory, deep first, each patch once', () => {
    const one = plan([zero('blocks.0.hook_resid_pre', 0)]).slices[0]?.bytes ?? 0
    fc.assert(
      fc.property(
        fc.array(patch, { minLength: 1, maxLength: 60 }),
        fc.integer({ min: 1, max: 8 * one + 3 }),
        fc.boolean(),
        (patches, memoryBytes, weightsFromDisk) => {
          const made = plan(patches, { memoryBytes, weightsFromDisk, sliceMs: 1e-6 })
          const seen = [...made.unchanged, ...made.slices.flatMap(slice => slice.patches)].map(lane => lane.patch)
          expect(seen.toSorted((a, b) => a - b)).toEqual(patches.map((_, i) => i))
          const boundaries = made.slices.flatMap(slice => slice.patches.map(lane => lane.boundary))
          expect(boundaries).toEqual(boundaries.toSorted((a, b) => b - a))
          for (const slice of made.slices) {
            expect(slice.rows).toBe(slice.patches.reduce((sum, lane) => sum + lane.end - lane.start + 1, 0))
            // One lane must run, however little memory there is.
            if (slice.patches.length > 1) expect(slice.bytes).toBeLessThanOrEqual(memoryBytes)
          }
          expect(made.convoys.flat()).toEqual(made.slices)
          // From disk a slice has half the memory, and one lane may need more.
          const alone = made.slices.some(({ bytes }) => bytes > memoryBytes / 2)
          if (!alone) expect(made.peakBytes).toBeLessThanOrEqual(memoryBytes)
        },
      ),
      { seed: 3 },
    )
  })

  it('[S8] what base runs keep is taken from the memory of slices, but for a quarter of it', () => {
    const metrics = [{ kind: 'logit' as const, tokens: [1, 2] }]
    const patches = Array.from({ length: 100 }, () => zero('blocks.0.hook_resid_pre', 0))
    const planned = (bases: number, memoryBytes: number) =>
      planSweep(
        SPEC,
        { bases: Array.from({ length: bases }, () => ({ ids: IDS, metrics, patches })), memoryBytes },
        () => [],
      )
    const { baseBytes: one } = planned(1, 1e9)
    const { slices, baseBytes } = planned(20, 2e5)
    expect(baseBytes).toBe(20 * one)
    const largest = Math.max(...slices.map(({ bytes }) => bytes))
    expect(largest).toBeLessThanOrEqual(2e5 - baseBytes)
    expect(Math.max(...planned(1, 2e5).slices.map(({ bytes }) => bytes))).toBeGreaterThan(largest)
    const starved = planned(100, 100 * one)
    expect(Math.max(...starved.slices.map(({ bytes }) => bytes))).toBeLessThanOrEqual(25 * one)
  })

  it('[S8] one slice may hold more lanes than a call takes arguments', () => {
    const same = zero('blocks.1.mlp.hook_post', -1)
    const { slices } = plan(new Array<Patch>(200_000).fill(same), { memoryBytes: 1e12, gflops: 1e6 })
    expect(slices.at(-1)?.patches.length).toBeGreaterThan(150_000)
  })

  it('[S8] slices of many rows end where the time does, the first ones sooner', () => {
    const patches = Array.from({ length: 400 }, () => zero('blocks.0.hook_resid_pre', 0))
    expect(plan(patches).slices).toHaveLength(1)
    const { slices } = plan(patches, { sliceMs: 1e-6 })
    expect(slices.length).toBeGreaterThan(5)
    for (const slice of slices.slice(2, -1)) expect(slice.rows).toBeGreaterThanOrEqual(80)
    const [first = 0, second = 0, third = 0] = slices.map(({ rows }) => rows)
    expect(first).toBeLessThan(second)
    expect(second).toBeLessThan(third)
  })
})
