/**
 * Numbers as files. `exports.json` records what the real pandas, pyarrow, numpy and matplotlib read
 * from these very bytes (record-exports.py checked that all of them agree). When a digest changes on
 * purpose, or hyparquet-writer writes otherwise, run the two scripts again.
 */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { longTable } from '../../../ui/figures/data/long-table.ts'
import { exportData } from '../../../ui/figures/export-data.ts'
import { neuronAblation, snapshot, TOKENS, timePatching } from './support.ts'
import { exportedFiles, exportedRun } from './write-exports.ts'

interface Fixture {
  readonly sha256: Readonly<Record<string, string>>
  readonly rows: number
  readonly figures: Readonly<Record<string, { readonly finite: number; readonly sum: number }>>
}
const fixture: Fixture = JSON.parse(readFileSync(new URL('exports.json', import.meta.url), 'utf8'))

describe('exports', () => {
  it.each(Object.keys(fixture.sha256))('%s is what the real libraries read', name => {
    const content = exportedFiles()[name] ?? Buffer.alloc(0)
    expect(createHash('sha256').update(content).digest('hex')).toBe(fixture.sha256[name])
  })

  it('what they read are the values of the run', () => {
    for (const { spec, values } of exportedRun().figures) {
      const finite = [...values].filter(Number.isFinite)
      const read = fixture.figures[spec.id]
      expect(read?.finite).toBe(finite.length)
      expect(read?.sum).toBeCloseTo(
        finite.reduce((sum, value) => sum + value, 0),
        12,
      )
    }
    expect(longTable(exportedRun().figures).rows).toBe(fixture.rows)
  })

  it('a file for others tells no path of this machine', () => {
    const run = exportedRun()
    const model = { ...run.record.model, dir: '/home/alice/models' }
    const json = exportData({ ...run, record: { ...run.record, model, studyFile: '/home/alice/own.ts' } }, 'json')
    expect(String(json)).not.toContain('alice')
  })

  it('figures over equal axes are columns of the same rows', () => {
    const { columns, rows } = longTable(timePatching().figures)
    expect(rows).toBe(6 * TOKENS.length + 6 * 6)
    expect(columns.map(({ name }) => name).slice(7)).toEqual(['resid', 'attn', 'mlp', 'heads'])
    const chosen = exportData(timePatching(), 'csv', { figure: 'attn' }).toString().split('\r\n')
    expect(chosen[0]).toContain('"resid","attn","mlp"')
    expect(chosen[0]).not.toContain('heads')
    expect(chosen).toHaveLength(1 + 6 * TOKENS.length + 1)
  })

  it('marks are symbols in a column of their own', () => {
    const { columns } = longTable(neuronAblation(8, 4).figures)
    const marks = columns.find(({ name }) => name === 'layer-5_mark')
    expect(marks?.kind).toBe('text')
    expect(new Set<unknown>([...(marks?.values ?? [])])).toEqual(new Set([null, '×']))
  })

  it('npy asks which figure, the notebook stands without one', () => {
    expect(() => exportData(timePatching(), 'npy')).toThrow(/npy: expected a figure, one of resid, attn, mlp, heads/)
    expect(() => exportData(timePatching(), 'npy', { figure: 'rezid' })).toThrow(/no such figure.*resid/)
    const empty: { cells: unknown[] } = JSON.parse(exportData(snapshot([]), 'ipynb').toString())
    expect(empty.cells).toHaveLength(3)
    expect(exportData(snapshot([]), 'csv').toString()).toMatch(/^"grid_index",.*\r\n$/)
    expect(exportData(snapshot([]), 'parquet').subarray(0, 4).toString()).toBe('PAR1')
  })
})
