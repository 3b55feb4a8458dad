/** A table of results, sorted by any of its columns. */
import { useMemo, useState } from 'react'
import type { TableColumn, TableSpec } from '../../../../studies/figure.ts'
import { formatNumber } from '../../format.ts'
import { numbered } from '../../parts/numbered.ts'
import { type Sorting, sortRows } from './sort-rows.ts'
import './table.css'

/** Rows shown before a reader asks for all. */
const FIRST_ROWS = 20

export function DataTable({ table }: { readonly table: TableSpec }) {
  const [sorting, setSorting] = useState<Sorting | null>(null)
  const [all, setAll] = useState(false)
  const rows = useMemo(() => sortRows(table.rows, sorting), [table.rows, sorting])
  const shown = all ? rows : rows.slice(0, FIRST_ROWS)
  const turn = (key: string) =>
    setSorting(now => ({ key, descending: now?.key === key ? !now.descending : isNumber(table, key) }))
  return (
    <section className="card data-table" aria-label={table.title}>
      <h2>{table.title}</h2>
      <div className="data-table-scroll">
        <table aria-label={table.title}>
          <thead>
            <tr>
              {table.columns.map(column => (
                <th
                  key={column.key}
                  scope="col"
                  className={cellClass(column)}
                  aria-sort={sorting?.key !== column.key ? 'none' : sorting.descending ? 'descending' : 'ascending'}
                >
                  <button type="button" onClick={() => turn(column.key)}>
                    {column.label}
                    {column.unit !== undefined && <span className="muted"> [{column.unit}]</span>}
                    <span className="sort-arrow" aria-hidden="true">
                      {sorting?.key === column.key ? (sorting.descending ? '↓' : '↑') : ''}
                    </span>
                  </button>
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {numbered(shown).map(({ at, item: row }) => (
              <tr key={at}>
                {table.columns.map(column => (
                  <td key={column.key} className={cellClass(column)}>
                    {formatCell(row[column.key])}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {rows.length > FIRST_ROWS && (
        <button type="button" className="button button-small" onClick={() => setAll(!all)}>
          {all ? `Show the first ${FIRST_ROWS}` : `Show all ${rows.length.toLocaleString('en')} rows`}
        </button>
      )}
      {table.caption !== '' && <p className="figure-caption">{table.caption}</p>}
    </section>
  )
}

const isNumber = (table: TableSpec, key: string) =>
  table.columns.some(column => column.key === key && (column.kind === 'number' || column.kind === 'count'))

function cellClass(column: TableColumn): string {
  if (column.kind === 'number' || column.kind === 'count') return 'number'
  return column.kind === 'token' ? 'mono' : ''
}

function formatCell(value: string | number | null | undefined): string {
  if (value === null || value === undefined) return '–'
  return typeof value === 'number' ? formatNumber(value) : value
}
