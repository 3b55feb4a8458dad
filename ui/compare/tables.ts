/**
 * Tables and summaries of several runs as tables of their differences: rows that are called the same
 * in both, their numbers beside each other, and the first run's minus each other's. Pure.
 */
import type { TableColumn, TableSpec } from '../../studies/figure.ts'
import { letterOf, type Side } from './side.ts'

type Row = TableSpec['rows'][number]

/** Tables that all runs have, and that can be lined up by their first column. */
export function comparedTables(sides: readonly Side[]): readonly TableSpec[] {
  const [first, ...others] = sides
  if (first === undefined || others.length === 0) return []
  return first.tables.flatMap(table => {
    const all = [table, ...others.map(({ tables }) => tables.find(({ id }) => id === table.id))]
    const found = all.filter(one => one !== undefined)
    const compared = found.length === all.length ? compareTable(found) : null
    return compared === null ? [] : [compared]
  })
}

/** The runs' summaries as a table, numbers with their differences; null where no run has any. */
export function comparedSummary(sides: readonly Side[]): TableSpec | null {
  const keys = [...new Set(sides.flatMap(({ summary }) => Object.keys(summary)))]
  if (keys.length === 0) return null
  const tables = sides.map(
    ({ summary }): TableSpec => ({
      id: 'summary',
      title: 'Summary',
      columns: [
        { key: 'what', label: 'what', kind: 'text' },
        { key: 'value', label: 'value', kind: 'number' },
      ],
      rows: keys.map(key => ({ what: key, value: summary[key] ?? null })),
      caption: '',
    }),
  )
  return compareTable(tables)
}

/** Null where the first column does not name the rows, or the tables have no other column in common. */
function compareTable(tables: readonly TableSpec[]): TableSpec | null {
  const [first, ...others] = tables
  const name = first?.columns[0]
  if (first === undefined || name === undefined || name.kind === 'number') return null
  if (!tables.every(table => table.columns[0]?.key === name.key && isUnique(table.rows, name.key))) return null
  const shared = first.columns.slice(1).filter(column => others.every(table => hasColumn(table, column)))
  if (shared.length === 0) return null
  const named = tables.map(table => new Map(table.rows.map(row => [String(row[name.key]), row])))
  const names = [...new Set(named.flatMap(rows => [...rows.keys()]))]
  return {
    id: first.id,
    title: first.title,
    caption: first.caption,
    columns: [name, ...shared.flatMap(column => comparedColumns(column, tables.length))],
    rows: names.map(key => ({
      [name.key]: named.find(rows => rows.has(key))?.get(key)?.[name.key] ?? key,
      ...Object.assign(
        {},
        ...shared.map(column =>
          comparedCells(
            column,
            named.map(rows => rows.get(key)),
          ),
        ),
      ),
    })),
  }
}

function comparedColumns(column: TableColumn, runs: number): readonly TableColumn[] {
  const letters = Array.from({ length: runs }, (_, run) => letterOf(run))
  const each = letters.map(letter => ({
    ...column,
    key: `${column.key}-${letter}`,
    label: `${column.label}, ${letter}`,
  }))
  if (!isNumeric(column)) return each
  const unit = column.unit === undefined ? {} : { unit: column.unit }
  const differences = letters.slice(1).map((letter): TableColumn => {
    return { key: `${column.key}-A-${letter}`, label: `${column.label}, A − ${letter}`, kind: 'number', ...unit }
  })
  return [...each, ...differences]
}

function comparedCells(column: TableColumn, rows: readonly (Row | undefined)[]): Row {
  const values = rows.map(row => row?.[column.key] ?? null)
  const cells: Record<string, string | number | null> = {}
  values.forEach((value, run) => {
    cells[`${column.key}-${letterOf(run)}`] = value
  })
  if (!isNumeric(column)) return cells
  const [first] = values
  values.slice(1).forEach((value, i) => {
    const both = typeof first === 'number' && typeof value === 'number'
    cells[`${column.key}-A-${letterOf(i + 1)}`] = both ? first - value : null
  })
  return cells
}

function isNumeric({ kind }: TableColumn): boolean {
  return kind === 'number' || kind === 'count'
}

function isUnique(rows: readonly Row[], key: string): boolean {
  return new Set(rows.map(row => String(row[key]))).size === rows.length
}

function hasColumn({ columns }: TableSpec, { key, kind, unit }: TableColumn): boolean {
  return columns.some(column => column.key === key && column.kind === kind && column.unit === unit)
}
