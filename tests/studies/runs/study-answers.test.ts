import { expect, it } from 'vitest'
import { checkCellQuestion, checkEstimate } from '../../../studies/runs/study-answers.ts'
import type { CellQuestion, Estimate } from '../../../studies/study.ts'

const ESTIMATE: Estimate = { summary: '3 patches', patches: 3, flops: 1e9, peakBytes: 0 }
const CELL: CellQuestion = {
  what: 'A patch',
  ids: [1, 2],
  position: -1,
  interventions: [{ at: 'L0H1', set: { zero: true } }],
}
/** A study is not type-checked before it runs. */
const wrongly = <T>(value: unknown) => value as T

it('an estimate without a return, or with what is no number, is told so', () => {
  expect(checkEstimate('own', ESTIMATE)).toBe(ESTIMATE)
  expect(() => checkEstimate('own', wrongly<Estimate>(undefined))).toThrow(/^study own: estimate: .*expected object/)
  expect(() => checkEstimate('own', { ...ESTIMATE, flops: Number.NaN })).toThrow(/^study own: estimate: flops: /)
})

it('a cell is null or a whole question', () => {
  expect(checkCellQuestion('own', CELL)).toBe(CELL)
  expect(checkCellQuestion('own', null)).toBeNull()
  expect(() => checkCellQuestion('own', wrongly<null>(undefined))).toThrow(/^study own: cell: .*expected object/)
  expect(() => checkCellQuestion('own', { ...CELL, ids: [0.5] })).toThrow(/^study own: cell: ids\.0: /)
  expect(() => checkCellQuestion('own', { ...CELL, interventions: wrongly<[]>([{ set: {} }]) })).toThrow(
    /^study own: cell: interventions\.0\.at: /,
  )
})
