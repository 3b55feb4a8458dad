/**
 * The long form as CSV (RFC 4180). Text is always quoted and stands exactly as it is, also where it
 * begins with `=`, `+` or `@`: tokens must round-trip. In pandas, `read_csv(…, keep_default_na=False,
 * na_values={column: ['']})` for the number columns, since a token may read `NA`.
 */
import { csvNumber, csvText } from '../csv.ts'
import type { Column, LongTable } from './long-table.ts'

export function longCsv({ rows, columns }: LongTable): string {
  const lines = [columns.map(({ name }) => csvText(name)).join(',')]
  for (let row = 0; row < rows; row++) lines.push(columns.map(column => field(column, row)).join(','))
  return `${lines.join('\r\n')}\r\n`
}

function field(column: Column, row: number): string {
  if (column.kind !== 'text') return csvNumber(column.values[row] ?? Number.NaN)
  const value = column.values[row] ?? null
  return value === null ? '' : csvText(value)
}
