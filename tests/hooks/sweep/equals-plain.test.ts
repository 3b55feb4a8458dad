/**
 * [S1] A sweep equals the plain loop: random patches over every point, layer, head, neuron, position and
 * kind of change, several bases, slices of odd sizes, on every family's fixture and each backend.
 *
 * Tolerance: effects within 1e-5 of the metric's own size, or 2e-5 absolute: both sides are
 * float32, whose rounding over a pass is some 1e-6 of logits of size 1 to 10.
 *
 * In bfloat16 both sides round the same numbers, to steps of 2^-8, and so mostly agree exactly. But a
 * float32 difference may tip a number that lies between two steps, one among the dozens that a sum
 * reads: 5e-4 of a metric's size was the largest seen in 8,500 patches, where bfloat16 itself is up to
 * 8e-2 from float32.
 */
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { loadModel } from '../../../engine/load.ts'
import type { Model } from '../../../engine/model.ts'
import { type Point, pointsOf, SITES } from '../../../engine/points.ts'
import { isPairwise, rowWidth } from '../../../hooks/edit.ts'
import type { Intervention } from '../../../hooks/intervention.ts'
import type { Metric } from '../../../hooks/metric.ts'
import { prepareSweep } from '../../../hooks/sweep/execute.ts'
import { runPlain } from '../../../hooks/sweep/plain.ts'
import type { Patch, SweepBase } from '../../../hooks/sweep/types.ts'
import { expectClose } from '../../support/close.ts'
import { checkpointDir, NO_TOKENIZER, supportedCases } from '../../support/fixtures.ts'
import { LEEWAY, usableFormats } from '../../support/models.ts'
import { expectNoTensorLeaks } from '../../support/tensors.ts'

/** More by hand: PATCHLIGHT_PROPERTY_RUNS=50. */
const RUNS_PER_CASE = Number(process.env.PATCHLIGHT_PROPERTY_RUNS ?? 3)

/** One random change at one point of a model; positions and donors fit the base prompt. */
function intervention(model: Model, point: Point, base: readonly number[]): fc.Arbitrary<Intervention> {
  const { spec } = model
  const { length } = base
  const axes: readonly string[] = SITES[point.site].axes
  const width = rowWidth(spec, point)
  const position = fc.oneof(
    fc.integer({ min: -length, max: length - 1 }),
    fc.uniqueArray(fc.integer({ min: 0, max: length - 1 }), { minLength: 1, maxLength: 3 }),
    fc.constant('all' as const),
  )
  const heads = axes.includes('head') ? spec.heads : axes.includes('kv_head') ? spec.kvHeads : 0
  const value = fc.double({ min: -2, max: 2, noNaN: true })
  // Donors share some first tokens with the base prompt, or all.
  const ids = fc
    .tuple(
      fc.array(fc.integer({ min: 0, max: spec.vocab - 1 }), { minLength: length, maxLength: length }),
      fc.constantFrom(0, 0, Math.floor(length / 2), length),
    )
    .map(([own, shared]) => own.map((id, i) => (i < shared ? (base[i] ?? id) : id)))
  return fc
    .record({
      position,
      head: heads > 0 ? fc.option(fc.integer({ min: 0, max: heads - 1 }), { nil: undefined }) : fc.constant(undefined),
      neuron: axes.includes('d_mlp')
        ? fc.option(fc.integer({ min: 0, max: width - 1 }), { nil: undefined })
        : fc.constant(undefined),
      kind: fc.constantFrom('zero', 'value', 'scale', 'add', 'from'),
      value,
      ids,
    })
    .map(({ position: at, head, neuron, kind, value: number, ids: donor }): Intervention => {
      const size = neuron !== undefined ? 1 : head !== undefined ? width / heads : width
      const usable = isPairwise(point) && kind === 'add' ? 'scale' : kind
      const set =
        usable === 'zero'
          ? { zero: true as const }
          : usable === 'value'
            ? { value: number }
            : usable === 'scale'
              ? { scale: number }
              : usable === 'add'
                ? { add: Array.from({ length: size }, (_, i) => Math.sin(i + number)), coefficient: number }
                : { from: donor }
      return {
        at: point.name,
        position: at,
        set,
        ...(head === undefined ? {} : { head }),
        ...(neuron === undefined ? {} : { neuron }),
      }
    })
}

function patchArbitrary(model: Model, base: readonly number[]): fc.Arbitrary<Patch> {
  // Experts' choices are whole numbers, and dividing by an arbitrary scale is no test of sharing.
  const points = pointsOf(model.spec).filter(
    ({ site }) => site !== 'expert_indices' && !site.endsWith('_scale') && site !== 'unembed_out',
  )
  const one = fc.constantFrom(...points).chain(point => intervention(model, point, base))
  return fc
    .oneof(
      { weight: 3, arbitrary: fc.array(one, { minLength: 1, maxLength: 1 }) },
      fc.array(one, { minLength: 2, maxLength: 4 }),
    )
    .map(interventions => ({ interventions }))
}

function baseArbitrary(model: Model): fc.Arbitrary<SweepBase> {
  const { vocab } = model.spec
  const token = fc.integer({ min: 0, max: vocab - 1 })
  return fc.array(token, { minLength: 1, maxLength: Math.min(9, model.spec.maxPositions) }).chain(ids =>
    fc.record({
      ids: fc.constant(ids),
      patches: fc.array(patchArbitrary(model, ids), { minLength: 1, maxLength: 12 }),
      metrics: fc.constantFrom<Metric[]>(
        [{ kind: 'logit', tokens: [1, 2] }],
        [{ kind: 'logit_diff', tokens: [1], against: [2, 3] }],
        [
          { kind: 'log_prob', tokens: [1, 4] },
          { kind: 'logit', tokens: [0] },
        ],
      ),
      position: fc.integer({ min: -ids.length, max: ids.length - 1 }),
    }),
  )
}

describe.each(await usableFormats())('on %s', (_label, backend, dtype) => {
  describe.each(supportedCases())('%s', name => {
    const tolerance = dtype === 'bf16' ? 2e-3 : 2e-5 * LEEWAY[backend].times
    let model: Model
    beforeAll(async () => {
      model = await loadModel(checkpointDir(name), { backend, dtype, tokenizer: NO_TOKENIZER })
    })
    afterAll(() => model.dispose())
    expectNoTensorLeaks()

    it('[S1] a sweep gives what the plain loop gives', async () => {
      const request = fc.record({
        bases: fc.array(baseArbitrary(model), { minLength: 1, maxLength: 3 }),
        memoryBytes: fc.constantFrom(1, 20_000, 1e9),
        sliceMs: fc.constantFrom(1e-6, 1000),
      })
      await fc.assert(
        fc.asyncProperty(request, async asked => {
          const sweep = await prepareSweep(model, asked)
          const found = new Map<string, Float64Array>()
          try {
            for await (const results of sweep.run())
              for (const { base, patch, values } of results) {
                expect(found.has(`${base}/${patch}`), 'each patch once').toBe(false)
                found.set(`${base}/${patch}`, values)
              }
          } finally {
            sweep.dispose()
          }
          let count = 0
          for await (const { base, patch, values } of runPlain(model, asked)) {
            count++
            const size = Math.max(1, ...Array.from(values, Math.abs))
            expectClose(found.get(`${base}/${patch}`) ?? [], values, { atol: tolerance * size })
          }
          expect(found.size).toBe(count)
        }),
        { numRuns: RUNS_PER_CASE, seed: 7 },
      )
    })
  })
})
