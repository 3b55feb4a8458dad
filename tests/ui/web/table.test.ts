/** A table's rows: in an order, and without those that are near nothing. */
import { describe, expect, it } from 'vitest'
import { rowsOver } from '../../../ui/web/views/table/rows-over.ts'
import { sortRows } from '../../../ui/web/views/table/sort-rows.ts'

const rows = [
  { name: 'a', effect: 0.5 },
  { name: 'b', effect: -2 },
  { name: 'c', effect: null },
  { name: 'd', effect: 0.1 },
]
const names = (list: readonly Readonly<Record<string, unknown>>[]) => list.map(row => row.name).join('')

describe('threshold', () => {
  it('keeps what is at least so far from 0, either way; no number is not far', () => {
    expect(names(rowsOver(rows, { key: 'effect', least: 0.5 }))).toBe('ab')
    expect(names(rowsOver(rows, { key: 'effect', least: 0 }))).toBe('abd')
  })

  it('that names no column of numbers here keeps all', () => {
    expect(rowsOver(rows, { key: 'name', least: 1 })).toBe(rows)
    expect(rowsOver(rows, { key: 'other', least: 1 })).toBe(rows)
    expect(rowsOver(rows, null)).toBe(rows)
  })
})

it('sorts numbers as numbers, what has none last either way', () => {
  expect(names(sortRows(rows, { key: 'effect', descending: false }))).toBe('bdac')
  expect(names(sortRows(rows, { key: 'effect', descending: true }))).toBe('adbc')
})
