/**
 * Parity with Hugging Face transformers (eager attention, float32, CPU): logits and every hook
 * point of every fixture, on each backend that this machine has. With PATCHLIGHT_WRITE_DOCS=1 the
 * largest errors become the table in docs/parity.md.
 *
 * Tolerances: float32 and float64 runs of the reference itself differ by up to 1.6e-5 on logits
 * and 2.7e-6 of a point's largest value, so 1e-4 absolute and 1e-5 relative leave room for another
 * order of summation and nothing else.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { afterAll, describe, expect, it } from 'vitest'
import { FAMILIES, familyOf } from '../../engine/families/registry.ts'
import { loadModel } from '../../engine/load.ts'
import { runWithHooks } from '../../hooks/hooked.ts'
import { checkpointDir, NO_TOKENIZER, parityCases, readConfig } from '../support/fixtures.ts'
import { LEEWAY, usableBackends } from '../support/models.ts'
import { expectNoTensorLeaks } from '../support/tensors.ts'
import { compareCase } from './compare.ts'
import { PARITY_PAGE, parityPage, type Row } from './page.ts'

const LOGIT_TOLERANCE = 1e-4
const POINT_TOLERANCE = 1e-5

const cases = parityCases()
const rows: Row[] = []

describe.each(await usableBackends())('on %s', backend => {
  expectNoTensorLeaks()

  it.each(cases)('%s agrees with transformers at every hook point', async name => {
    const { family, logits, points, unmatched, refused } = await compareCase(name, backend)
    expect(unmatched).toEqual([])
    expect(logits, 'logits').toBeLessThanOrEqual(LOGIT_TOLERANCE * LEEWAY[backend].times)
    for (const [point, error] of points)
      expect(error, point).toBeLessThanOrEqual(POINT_TOLERANCE * LEEWAY[backend].times)
    // Only longrope's switch to its second list of factors is not computed.
    expect(refused.length).toBe(name === 'phi3-longrope' ? 1 : 0)
    rows.push({ backend, family, name, logits, points: Math.max(...points.values()) })
  })
})

it('refuses a sequence longer than longrope’s first list of factors is for', async () => {
  const model = await loadModel(checkpointDir('phi3-longrope'), { backend: 'wasm', tokenizer: NO_TOKENIZER })
  const ids = Array.from({ length: 9 }, (_, i) => i)
  await expect(runWithHooks(model, [{ ids }])).rejects.toThrow(/expected at most 8 tokens .*got 9/)
  await model.dispose()
})

it('every family has a fixture, and a row in docs/parity.md', () => {
  const page = readFileSync(PARITY_PAGE, 'utf8')
  const families = FAMILIES.map(family => family.name)
  const exercised = cases.map(name => familyOf(readConfig(name)).name)
  expect([...new Set(exercised)].sort()).toEqual([...families].sort())
  for (const family of families) expect(page).toContain(`| ${family} |`)
  for (const name of cases) expect(page).toContain(name)
})

afterAll(() => {
  if (process.env.PATCHLIGHT_WRITE_DOCS === '1') writeFileSync(PARITY_PAGE, parityPage(rows))
})
