import { expect, it } from 'vitest'
import { fuzz } from '../../fuzz/run.ts'

it('every damaged checkpoint is refused with an error for people, or loads whole', async () => {
  const report = await fuzz(0, 3000)
  expect(report.faults).toEqual([])
  // The damage must neither always nor never be noticed, or nothing was tried.
  expect(report.refused).toBeGreaterThan(600)
  expect(report.loaded).toBeGreaterThan(300)
})
