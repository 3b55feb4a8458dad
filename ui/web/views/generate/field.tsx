/** A field of the form: its label, its control, its help, and what is wrong with it. */
import type { ReactNode } from 'react'
import type { GenerateFields } from './generate-form.ts'

interface FieldProps {
  readonly id: keyof GenerateFields
  readonly label: string
  readonly help?: ReactNode
  readonly problem: string | null
  readonly children: ReactNode
}

export function Field({ id, label, help, problem, children }: FieldProps) {
  return (
    <div className="field">
      <label className="field-label" htmlFor={`generate-${id}`}>
        {label}
      </label>
      <div className="field-control">{children}</div>
      {help !== undefined && <p className="field-help muted">{help}</p>}
      {problem !== null && (
        <p className="field-help sentence-error" role="alert">
          {problem}
        </p>
      )}
    </div>
  )
}
