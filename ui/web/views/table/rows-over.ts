/** Rows whose number in one column is far enough from 0; what has no number there is not. */
import type { TableLook } from '../../services/look.ts'
import type { Row } from './sort-rows.ts'

export function rowsOver(rows: readonly Row[], over: TableLook['over']): readonly Row[] {
  // A column that this table does not have was meant for another.
  if (over === null || !rows.some(row => typeof row[over.key] === 'number')) return rows
  return rows.filter(row => {
    const value = row[over.key]
    return typeof value === 'number' && Math.abs(value) >= over.least
  })
}
