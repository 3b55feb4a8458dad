/** "Only rows where |effect| ≥ 0.5": a column of numbers and the least size of what is shown. */
import { useEffect, useId, useState } from 'react'
import type { TableSpec } from '../../../../studies/figure.ts'
import type { TableLook } from '../../services/look.ts'

interface ThresholdProps {
  readonly table: TableSpec
  readonly over: TableLook['over']
  /** Rows that are left. */
  readonly left: number
  readonly onChange: (over: TableLook['over']) => void
}

/** Shorter tables are read faster than they are filtered. */
const LEAST_ROWS = 6

export function Threshold({ table, over, left, onChange }: ThresholdProps) {
  const id = useId()
  const columns = table.columns.filter(column => column.kind === 'number' || column.kind === 'count')
  const [key, setKey] = useState(over?.key ?? columns.find(column => column.kind === 'number')?.key ?? columns[0]?.key)
  const [typed, setTyped] = useState(over === null ? '' : String(over.least))
  useEffect(() => {
    if (over === null) setTyped('')
    else setKey(over.key)
  }, [over])
  if (key === undefined || (table.rows.length < LEAST_ROWS && over === null)) return null
  const choose = (column: string, text: string) => {
    setKey(column)
    setTyped(text)
    const least = Number(text)
    if (text.trim() === '') onChange(null)
    else if (Number.isFinite(least) && least >= 0) onChange({ key: column, least })
  }
  const wrong = typed.trim() !== '' && !(Number(typed) >= 0)
  return (
    <fieldset className="threshold" aria-label={`Rows of ${table.title}`}>
      <span className="muted small">
        {left.toLocaleString('en')} of {table.rows.length.toLocaleString('en')} rows, where
      </span>
      <select className="input" aria-label="Column" value={key} onChange={event => choose(event.target.value, typed)}>
        {columns.map(column => (
          <option key={column.key} value={column.key}>
            |{column.label}|
          </option>
        ))}
      </select>
      <label htmlFor={id} className="muted">
        <span aria-hidden="true">≥</span>
        <span className="visually-hidden">is at least</span>
      </label>
      <input
        id={id}
        className="input"
        inputMode="decimal"
        placeholder="0"
        aria-invalid={wrong}
        value={typed}
        onChange={event => choose(key, event.target.value)}
      />
    </fieldset>
  )
}
