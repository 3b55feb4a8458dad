/** The control for a parameter, by its kind. */
import type { Param, ParamValue } from '../../../../studies/params.ts'
import { Segmented } from '../../parts/segmented.tsx'
import { ListControl } from './list-control.tsx'
import { NumberControl } from './number-control.tsx'
import { PairsControl } from './pairs-control.tsx'
import { TokenPreview } from './token-preview.tsx'

export interface ControlProps {
  readonly id: string
  readonly param: Param
  readonly value: ParamValue
  readonly onChange: (value: ParamValue) => void
  readonly describedBy: string
  readonly invalid: boolean
  /** The text of the prompt that must line up with this one. */
  readonly counterpart?: string | undefined
}

export function ParamControl(props: ControlProps) {
  const { id, param, value, onChange, describedBy, invalid } = props
  const common = { id, 'aria-describedby': describedBy, 'aria-invalid': invalid }
  switch (param.kind) {
    case 'prompt':
      return <PromptControl {...props} />
    case 'prompts':
    case 'tokens':
      return (
        <ListControl
          id={id}
          label={param.label}
          values={texts(value)}
          onChange={onChange}
          item={param.kind === 'tokens' ? 'token' : 'prompt'}
          inline={param.kind === 'tokens'}
          max={param.kind === 'prompts' ? param.max : undefined}
        />
      )
    case 'pairs':
      return <PairsControl id={id} label={param.label} values={pairs(value)} onChange={onChange} />
    case 'number':
      return (
        <NumberControl
          id={id}
          param={param}
          value={Number(value)}
          onChange={onChange}
          describedBy={describedBy}
          invalid={invalid}
        />
      )
    case 'choice':
      if (param.options.length <= SEGMENTS) {
        return (
          <Segmented
            id={id}
            name={param.label}
            options={param.options}
            value={String(value)}
            onChange={onChange}
            describedBy={describedBy}
          />
        )
      }
      return (
        <select {...common} className="input" value={String(value)} onChange={event => onChange(event.target.value)}>
          {param.options.map(option => (
            <option key={option.value} value={option.value}>
              {option.label}
            </option>
          ))}
        </select>
      )
    case 'switch':
      return (
        <input
          {...common}
          type="checkbox"
          role="switch"
          className="switch"
          checked={value === true}
          aria-checked={value === true}
          onChange={event => onChange(event.target.checked)}
        />
      )
    case 'layers':
    case 'text':
      return (
        <input
          {...common}
          className="input mono"
          value={String(value)}
          onChange={event => onChange(event.target.value)}
        />
      )
  }
}

/** More options than this do not stand side by side. */
const SEGMENTS = 4

function PromptControl({ id, param, value, onChange, describedBy, invalid, counterpart }: ControlProps) {
  const text = String(value)
  return (
    <>
      <textarea
        id={id}
        className="input mono"
        rows={Math.max(2, text.split('\n').length)}
        value={text}
        spellCheck={false}
        aria-invalid={invalid}
        aria-describedby={describedBy}
        onChange={event => onChange(event.target.value)}
      />
      <TokenPreview
        text={text}
        name={param.label}
        other={counterpart}
        warns={param.kind === 'prompt' && param.alignsWith !== undefined}
      />
    </>
  )
}

function texts(value: ParamValue): readonly string[] {
  return Array.isArray(value) ? value.filter(one => typeof one === 'string') : []
}

function pairs(value: ParamValue): readonly (readonly [string, string])[] {
  if (!Array.isArray(value)) return []
  return value.flatMap(one => (Array.isArray(one) ? [[String(one[0] ?? ''), String(one[1] ?? '')] as const] : []))
}
