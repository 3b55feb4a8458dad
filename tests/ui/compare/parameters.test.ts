/** What differs between runs: parameters, tables and summaries. */
import { describe, expect, it } from 'vitest'
import type { TableSpec } from '../../../studies/figure.ts'
import { commonEnds, differencesInWords, parameterRows } from '../../../ui/compare/parameters.ts'
import { comparedSummary, comparedTables } from '../../../ui/compare/tables.ts'
import { side } from './support.ts'

const a = side('a', { params: { clean: 'it is am', layers: 'all', pairs: [['x', 'y']] } })
const b = side('b', { params: { clean: 'it is pm', layers: 'all', rows: 3 }, model: 'other' })

describe('parameters', () => {
  it('are a row each, by the form’s names, and marked where they differ', () => {
    const clean = { kind: 'prompt', label: 'Clean prompt', help: '', default: '' } as const
    const rows = parameterRows([a, b], { clean })
    const differing = rows.filter(row => row.differs).map(({ label, texts }) => [label, ...texts])
    expect(differing).toEqual([
      ['Model', 'demo', 'other'],
      ['Clean prompt', 'it is am', 'it is pm'],
      ['pairs', 'x  |  y', null],
      ['rows', null, '3'],
    ])
    expect(rows.find(row => row.label === 'layers')).toMatchObject({ differs: false, texts: ['all', 'all'] })
    expect(differencesInWords(rows)).toBe(
      'The runs differ in model: A “demo”, B “other”; clean prompt: A “it is am”, B “it is pm”; pairs: A “x  |  y”, B without; rows: A without, B “3”.',
    )
    expect(differencesInWords(parameterRows([a, a]))).toBe('The runs have the same parameters.')
  })

  it('of long texts quote what differs', () => {
    const long = (word: string) =>
      side(word, { params: { prompt: `${'so it went on and on '.repeat(8)}${word} then` } })
    const words = differencesInWords(parameterRows([long('north'), long('south')]))
    expect(words).toMatch(/^The runs differ in prompt: A “….* on and on north then”, B “….* on and on south then”\.$/)
    expect(words.length).toBeLessThan(250)
  })

  it('part where their texts part, and never within a character', () => {
    const parted = (...texts: string[]) => {
      const { start, end } = commonEnds(texts)
      return texts.map(text => text.slice(start, text.length - end))
    }
    expect(parted('it is am now', 'it is pm now')).toEqual(['am', 'pm'])
    expect(parted('the time displayed is 9', 'my watch displays is 9')).toEqual([
      'the time displayed',
      'my watch displays',
    ])
    expect(parted('at 9:00, say', 'at 8:00, say')).toEqual(['9', '8'])
    expect(parted('it is', 'it is now')).toEqual(['', ' now'])
    expect(parted('x😀', 'x😁')).toEqual(['x😀', 'x😁'])
    const long = '中'.repeat(30)
    expect(parted(`${long}上`, `${long}下`)).toEqual(['上', '下'])
  })
})

describe('tables', () => {
  const table = (rows: TableSpec['rows'], unit = 'nats'): TableSpec => ({
    id: 'top',
    title: 'Top',
    caption: '',
    columns: [
      { key: 'neuron', label: 'neuron', kind: 'text' },
      { key: 'effect', label: 'effect', kind: 'number', unit },
      { key: 'token', label: 'token', kind: 'token' },
    ],
    rows,
  })
  const one = table([
    { neuron: 'N1', effect: 3, token: 'x' },
    { neuron: 'N2', effect: 1, token: 'y' },
  ])
  const two = table([
    { neuron: 'N2', effect: 0.5, token: 'z' },
    { neuron: 'N3', effect: 7, token: null },
  ])

  it('go by their first column, with each run’s values and numbers’ differences', () => {
    const [compared] = comparedTables([side('a', { tables: [one] }), side('b', { tables: [two] })])
    expect(compared?.columns.map(({ label }) => label)).toEqual([
      'neuron',
      'effect, A',
      'effect, B',
      'effect, A − B',
      'token, A',
      'token, B',
    ])
    expect(compared?.rows).toEqual([
      { neuron: 'N1', 'effect-A': 3, 'effect-B': null, 'effect-A-B': null, 'token-A': 'x', 'token-B': null },
      { neuron: 'N2', 'effect-A': 1, 'effect-B': 0.5, 'effect-A-B': 0.5, 'token-A': 'y', 'token-B': 'z' },
      { neuron: 'N3', 'effect-A': null, 'effect-B': 7, 'effect-A-B': null, 'token-A': null, 'token-B': null },
    ])
  })

  it('that cannot be lined up are left out: names that repeat, columns in other units', () => {
    const twice = table([...one.rows, ...one.rows])
    expect(comparedTables([side('a', { tables: [twice] }), side('b', { tables: [two] })])).toEqual([])
    const [other] = comparedTables([side('a', { tables: [one] }), side('b', { tables: [table(two.rows, 'logits')] })])
    expect(other?.columns.map(({ key }) => key)).toEqual(['neuron', 'token-A', 'token-B'])
  })

  it('of summaries take numbers from each other', () => {
    const summary = comparedSummary([
      side('a', { summary: { cells: 6, top: 'am' } }),
      side('b', { summary: { cells: 2 } }),
    ])
    expect(summary?.rows).toEqual([
      { what: 'cells', 'value-A': 6, 'value-B': 2, 'value-A-B': 4 },
      { what: 'top', 'value-A': 'am', 'value-B': null, 'value-A-B': null },
    ])
    expect(comparedSummary([a, b])).toBeNull()
  })
})
