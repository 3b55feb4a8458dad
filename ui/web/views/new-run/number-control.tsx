/** A number with its unit. What is typed stays as typed, so that `0.` and `-` can be on the way to a number. */
import { useState } from 'react'
import type { NumberParam } from '../../../../studies/params.ts'

interface NumberControlProps {
  readonly id: string
  readonly param: NumberParam
  readonly value: number
  readonly onChange: (value: number) => void
  readonly describedBy: string
  readonly invalid: boolean
}

export function NumberControl({ id, param, value, onChange, describedBy, invalid }: NumberControlProps) {
  const [typed, setTyped] = useState(String(value))
  const text = Object.is(parse(typed), value) ? typed : String(value)
  return (
    <span className="number-control">
      <input
        id={id}
        className="input"
        type="text"
        inputMode={param.integer === true ? 'numeric' : 'decimal'}
        value={text}
        aria-invalid={invalid}
        aria-describedby={describedBy}
        onChange={event => {
          setTyped(event.target.value)
          onChange(parse(event.target.value))
        }}
      />
      {param.unit !== undefined && <span className="muted">{param.unit}</span>}
      <span className="muted small">{limits(param)}</span>
    </span>
  )
}

function parse(text: string): number {
  return text.trim() === '' ? Number.NaN : Number(text.replace(',', '.').replace('−', '-'))
}

function limits({ min, max }: NumberParam): string {
  if (min !== undefined && max !== undefined) return `${min} to ${max}`
  if (min !== undefined) return `at least ${min}`
  return max === undefined ? '' : `at most ${max}`
}
