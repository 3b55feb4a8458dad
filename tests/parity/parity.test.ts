/**
 * Parity with Hugging Face transformers (eager attention, float32, CPU): logits and every hook
 * point of every fixture, on each backend that this machine has.
 *
 * Tolerances: float32 and float64 runs of the reference itself differ by up to 1.6e-5 on logits
 * and 2.7e-6 of a point's largest value, so 1e-4 absolute and 1e-5 relative leave room for another
 * order of summation and nothing else.
 */

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { selectBackend } from '../../engine/backends/select.ts'
import { BACKEND_NAMES, type BackendName } from '../../engine/backends/types.ts'
import { FAMILIES } from '../../engine/families/registry.ts'
import { loadModel } from '../../engine/load.ts'
import { pointsOf } from '../../engine/points.ts'
import { runWithHooks } from '../../hooks/hooked.ts'
import { checkpointDir, NO_TOKENIZER, parityCases, readReference } from '../support/fixtures.ts'

const LOGIT_TOLERANCE = 1e-4
const POINT_TOLERANCE = 1e-5

const usable: BackendName[] = []
for (const name of BACKEND_NAMES) {
  if (name !== 'wasm' && name !== 'blas') continue
  await selectBackend(name).then(
    () => usable.push(name),
    () => undefined,
  )
}

const supported = new Set(FAMILIES.flatMap(family => family.modelTypes))
const cases = parityCases().filter(name => {
  const config: { model_type?: string } = JSON.parse(readFileSync(join(checkpointDir(name), 'config.json'), 'utf8'))
  return supported.has(config.model_type ?? '')
})

function largest(values: ArrayLike<number>): number {
  let max = 0
  for (let i = 0; i < values.length; i++) {
    const size = Math.abs(values[i] ?? 0)
    if (Number.isFinite(size) && size > max) max = size
  }
  return max
}

describe.each(usable)('on %s', backend => {
  it.each(cases)('%s agrees with transformers at every hook point', async name => {
    const reference = readReference(name)
    const model = await loadModel(checkpointDir(name), { backend, tokenizer: NO_TOKENIZER })
    const prompts = [0, 1].map(i => Array.from(reference.get(`${i}/ids`)?.data ?? []))
    const outputs = await runWithHooks(
      model,
      prompts.map(ids => ({ ids })),
      { capture: () => true, logits: 'all' },
    )
    const compared = new Set<string>()
    for (const [i, output] of outputs.entries()) {
      const expectedLogits = reference.get(`${i}/logits`)
      const logits = output.logits.flatMap(row => Array.from(row))
      let worst = 0
      for (const [j, value] of logits.entries())
        worst = Math.max(worst, Math.abs(value - (expectedLogits?.data[j] ?? Number.NaN)))
      expect(logits.length).toBe(expectedLogits?.data.length)
      expect(worst, `logits of prompt ${i}`).toBeLessThanOrEqual(LOGIT_TOLERANCE)
      for (const [key, expected] of reference) {
        if (!key.startsWith(`${i}/`) || key.endsWith('/logits') || key.endsWith('/ids')) continue
        const point = key.slice(2)
        if (point.includes('mlp.experts.')) continue
        const actual = output.capture.get(point)
        compared.add(point)
        expect(actual.shape, key).toEqual(expected.shape)
        const scale = Math.max(largest(expected.data), 1e-6)
        let error = 0
        for (let j = 0; j < actual.data.length; j++) {
          const got = actual.data[j] ?? Number.NaN
          // A masked score is −∞ here and 0 in the fixture.
          if (got === Number.NEGATIVE_INFINITY && expected.data[j] === 0) continue
          error = Math.max(error, Math.abs(got - (expected.data[j] ?? Number.NaN)) || 0)
          if (Number.isNaN(got)) error = Number.POSITIVE_INFINITY
        }
        expect(error / scale, key).toBeLessThanOrEqual(POINT_TOLERANCE)
      }
    }
    // Nothing of ours goes uncompared, except what the reference does not record.
    const unrecorded = pointsOf(model.spec)
      .map(point => point.name)
      .filter(point => !compared.has(point) && point !== 'unembed.hook_out')
    expect(unrecorded).toEqual([])
    await model.dispose()
  })
})
