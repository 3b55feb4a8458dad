/** A parameter in a form: its label, its help, its control, and what is wrong with it. */
import { type ControlProps, ParamControl } from './param-control.tsx'

interface ParamFieldProps extends Omit<ControlProps, 'describedBy' | 'invalid'> {
  readonly problem: string | null
}

/** Kinds whose control is one element that a label can point at. */
const ONE_ELEMENT = new Set(['prompt', 'number', 'switch', 'layers', 'text'])

export function ParamField({ problem, ...control }: ParamFieldProps) {
  const { id, param } = control
  const helpId = `${id}-help`
  return (
    <div className={`field field-${param.kind}`} data-invalid={problem !== null}>
      {ONE_ELEMENT.has(param.kind) || (param.kind === 'choice' && param.options.length > 4) ? (
        <label htmlFor={id} className="field-label">
          {param.label}
        </label>
      ) : (
        <span className="field-label">{param.label}</span>
      )}
      <div className="field-control">
        <ParamControl {...control} describedBy={helpId} invalid={problem !== null} />
      </div>
      <div id={helpId} className="field-help muted">
        {problem !== null && <p className="sentence-error">{problem}</p>}
        {param.help}
      </div>
    </div>
  )
}
