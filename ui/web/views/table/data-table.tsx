/** A table of results, sorted by any of its columns, and without the rows that are near nothing. */
import { memo, useMemo, useState } from 'react'
import type { TableColumn, TableSpec } from '../../../../studies/figure.ts'
import { formatNumber } from '../../format.ts'
import { numbered } from '../../parts/numbered.ts'
import { PLAIN_TABLE, type TableLook } from '../../services/look.ts'
import { rowsOver } from './rows-over.ts'
import { sortRows } from './sort-rows.ts'
import { Threshold } from './threshold.tsx'
import './table.css'

/** Rows shown before a reader asks for all. */
const FIRST_ROWS = 20

interface DataTableProps {
  readonly table: TableSpec
  /** @default in the study's own order, whole */
  readonly look?: TableLook
  /** Without it, the table stands as it is. Takes the table's id. */
  readonly onLook?: (table: string, change: Partial<TableLook>) => void
}

export const DataTable = memo(function DataTable({ table, look = PLAIN_TABLE, onLook }: DataTableProps) {
  const { sort, over } = look
  const [all, setAll] = useState(false)
  const rows = useMemo(() => sortRows(rowsOver(table.rows, over), sort), [table.rows, sort, over])
  const shown = all ? rows : rows.slice(0, FIRST_ROWS)
  const turn = (key: string) =>
    onLook?.(table.id, {
      sort: { key, descending: sort?.key === key ? !sort.descending : isNumber(table, key) },
    })
  return (
    <section className="card data-table" aria-label={table.title}>
      <header className="data-table-head">
        <h2>{table.title}</h2>
        {onLook !== undefined && (
          <Threshold table={table} over={over} left={rows.length} onChange={next => onLook(table.id, { over: next })} />
        )}
      </header>
      <div className="data-table-scroll">
        <table aria-label={table.title}>
          <thead>
            <tr>
              {table.columns.map(column => (
                <th
                  key={column.key}
                  scope="col"
                  className={cellClass(column)}
                  aria-sort={sort?.key !== column.key ? 'none' : sort.descending ? 'descending' : 'ascending'}
                >
                  <button type="button" onClick={() => turn(column.key)}>
                    {column.label}
                    {column.unit !== undefined && <span className="muted"> [{column.unit}]</span>}
                    <span className="sort-arrow" aria-hidden="true">
                      {sort?.key === column.key ? (sort.descending ? '↓' : '↑') : ''}
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
})

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
