/** Numbers as readers see them, and rows in order. */
import { expect, it } from 'vitest'
import {
  formatBytes,
  formatDuration,
  formatNumber,
  formatProbability,
  formatSigned,
  formatWhen,
} from '../../../ui/web/format.ts'
import { sortRows } from '../../../ui/web/views/table/sort-rows.ts'

it.each([
  [0, '0'],
  [8192, '8,192'],
  [-12.345, '−12.35'],
  [0.25, '0.2500'],
  [-0.0001234, '−1.23e−4'],
  [9.99996, '10.00'],
  [-0.99999, '−1.000'],
  [99.9999, '100.0'],
  [12345.67, '12,345.7'],
  [Number.NaN, '–'],
  [Number.NEGATIVE_INFINITY, '−∞'],
])('number %d', (value, text) => {
  expect(formatNumber(value)).toBe(text)
})

it('gives a sign to what has one', () => {
  expect([1.5, -1.5, 0].map(formatSigned)).toEqual(['+1.500', '−1.500', '0'])
})

it.each([
  [0.5, '50.0%'],
  [0.0123, '1.23%'],
  [1e-6, '<0.01%'],
  [0, '0.00%'],
])('probability %d', (value, text) => {
  expect(formatProbability(value)).toBe(text)
})

it.each([
  [3, '10 ms'],
  [240, '240 ms'],
  [8400, '8 s'],
  [80_000, '1 min 20 s'],
  [7_500_000, '2 h 05 min'],
])('%d ms', (ms, text) => {
  expect(formatDuration(ms)).toBe(text)
})

it('writes bytes in powers of ten', () => {
  expect([512, 5_209_344, 2.5e9].map(formatBytes)).toEqual(['512 B', '5.2 MB', '2.5 GB'])
})

it('says how long ago something was', () => {
  const now = new Date(2026, 10, 21, 15, 0, 0)
  const at = (...parts: [number, number, number, number, number]) => formatWhen(new Date(...parts).toISOString(), now)
  expect(at(2026, 10, 21, 15, 0)).toBe('just now')
  expect(at(2026, 10, 21, 14, 48)).toBe('12 min ago')
  expect(at(2026, 10, 21, 9, 5)).toBe('09:05')
  expect(at(2026, 10, 3, 9, 5)).toBe('3 Nov')
  expect(at(2025, 10, 3, 9, 5)).toBe('3 Nov 2025')
})

it('sorts numbers as numbers and names with numbers as people do, and puts what is missing last', () => {
  const rows = [
    { name: 'L10H2', effect: 2 },
    { name: 'L2H1', effect: null },
    { name: 'L2H10', effect: 10 },
  ]
  const names = (key: string, descending: boolean) => sortRows(rows, { key, descending }).map(row => row.name)
  expect(names('effect', true)).toEqual(['L2H10', 'L10H2', 'L2H1'])
  expect(names('effect', false)).toEqual(['L10H2', 'L2H10', 'L2H1'])
  expect(names('name', false)).toEqual(['L2H1', 'L2H10', 'L10H2'])
  expect(sortRows(rows, null)).toBe(rows)
})
