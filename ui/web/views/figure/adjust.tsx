/** The rarer choices of a group's look: which layers, which tokens, which colours, and what they span. */
import { type ReactNode, useId, useState } from 'react'
import type { FigureView } from '../../../client/run-view.ts'
import type { ColourRange, Scale } from '../../../figures/colours.ts'
import { labelAxis, labelMatches, layerAxis } from '../../../figures/shown.ts'
import { COLOURS } from '../../../figures/view.ts'
import { Segmented } from '../../parts/segmented.tsx'
import { scaleOf } from '../../plot/panels.ts'
import type { FigureLook } from '../../services/look.ts'

interface AdjustProps {
  readonly panels: readonly FigureView[]
  readonly look: FigureLook
  readonly range: ColourRange
  readonly onChange: (change: Partial<FigureLook>) => void
}

type ScaleKind = 'auto' | 'own' | 'typed'

const SCALE_OPTIONS: readonly { readonly value: ScaleKind; readonly label: string }[] = [
  { value: 'auto', label: 'Shared' },
  { value: 'own', label: 'Own' },
  { value: 'typed', label: 'Typed' },
]
const COLOUR_LABELS: Readonly<Record<Scale, string>> = { diverging: 'Diverging', sequential: 'Sequential' }

export function Adjust({ panels, look, range, onChange }: AdjustProps) {
  const id = useId()
  const layers = layerTicks(panels)
  const labels = labelTicks(panels)
  const kind: ScaleKind = typeof look.scale === 'string' ? look.scale : 'typed'
  const usual = scaleOf(panels)
  const colours = look.colours ?? usual
  return (
    <div className="adjust">
      {layers.length > 1 && <Layers layers={layers} look={look} onChange={onChange} />}
      {labels.length > 0 && (
        <Field label="Labels with" hint={`${countMatches(labels, look.tokens)} of ${labels.length}`}>
          {(input, hint) => (
            <input
              id={input}
              aria-describedby={hint}
              className="input adjust-text"
              type="search"
              value={look.tokens}
              placeholder="any"
              maxLength={200}
              onChange={event => onChange({ tokens: event.target.value })}
            />
          )}
        </Field>
      )}
      <div className="adjust-field">
        <span className="adjust-label">Scale</span>
        <Segmented
          id={`${id}-scale`}
          name="Scale"
          options={panels.length > 1 ? SCALE_OPTIONS : SCALE_OPTIONS.filter(option => option.value !== 'own')}
          value={kind}
          onChange={next => onChange({ scale: next === 'typed' ? { min: range[0], max: range[1] } : next })}
        />
        {typeof look.scale !== 'string' && (
          <Ends ends={look.scale} symmetric={colours === 'diverging'} onChange={scale => onChange({ scale })} />
        )}
      </div>
      <div className="adjust-field">
        <span className="adjust-label">Colours</span>
        <Segmented
          id={`${id}-colours`}
          name="Colours"
          options={COLOURS.map(value => ({ value, label: COLOUR_LABELS[value] }))}
          value={colours}
          onChange={next => onChange({ colours: next === usual ? null : next })}
        />
      </div>
    </div>
  )
}

interface LayersProps {
  readonly layers: readonly string[]
  readonly look: FigureLook
  readonly onChange: (change: Partial<FigureLook>) => void
}

function Layers({ layers, look, onChange }: LayersProps) {
  const end = layers.length - 1
  const first = Math.min(look.layers?.first ?? 0, end)
  const last = Math.min(look.layers?.last ?? end, end)
  const choose = (from: number, to: number) =>
    onChange({ layers: from === 0 && to === end ? null : { first: Math.min(from, to), last: Math.max(from, to) } })
  const options = layers.map((label, tick) => ({ label, tick }))
  const select = (name: string, value: number, take: (tick: number) => void) => (
    <select className="input" aria-label={name} value={value} onChange={event => take(Number(event.target.value))}>
      {options.map(({ label, tick }) => (
        <option key={tick} value={tick}>
          {label}
        </option>
      ))}
    </select>
  )
  return (
    <div className="adjust-field">
      <span className="adjust-label">Layers</span>
      {select('First layer', first, tick => choose(tick, Math.max(tick, last)))}
      <span className="muted">to</span>
      {select('Last layer', last, tick => choose(Math.min(first, tick), tick))}
    </div>
  )
}

interface EndsProps {
  readonly ends: { readonly min: number; readonly max: number }
  readonly symmetric: boolean
  readonly onChange: (ends: { readonly min: number; readonly max: number }) => void
}

/** The ends as typed; what is no scale yet stays in the fields and changes nothing. */
function Ends({ ends, symmetric, onChange }: EndsProps) {
  const [typed, setTyped] = useState({ min: shortNumber(ends.min), max: shortNumber(ends.max) })
  const type = (min: string, max: string) => {
    setTyped({ min, max })
    const next = { min: Number(min), max: Number(max) }
    if (min.trim() !== '' && max.trim() !== '' && next.min < next.max && Number.isFinite(next.max - next.min)) {
      onChange(next)
    }
  }
  const valid = Number(typed.min) < Number(typed.max) && typed.min.trim() !== '' && typed.max.trim() !== ''
  const field = (name: string, value: string, take: (text: string) => void) => (
    <input
      className="input adjust-number"
      aria-label={name}
      aria-invalid={!valid}
      inputMode="decimal"
      value={value}
      onChange={event => take(event.target.value)}
    />
  )
  // Symmetric around 0: one number says it all.
  if (symmetric) {
    return (
      <>
        <span className="muted">±</span>
        {field('Scale’s end', typed.max, max => type(`-${max.replace(/^-/, '')}`, max))}
      </>
    )
  }
  return (
    <>
      {field('Scale’s low end', typed.min, min => type(min, typed.max))}
      <span className="muted">to</span>
      {field('Scale’s high end', typed.max, max => type(typed.min, max))}
    </>
  )
}

interface FieldProps {
  readonly label: string
  readonly hint: string
  readonly children: (input: string, hint: string) => ReactNode
}

function Field({ label, hint, children }: FieldProps) {
  const id = useId()
  return (
    <div className="adjust-field">
      <label className="adjust-label" htmlFor={id}>
        {label}
      </label>
      {children(id, `${id}-hint`)}
      <span id={`${id}-hint`} className="muted small">
        {hint}
      </span>
    </div>
  )
}

/** The longest layer axis of the panels: a shorter one takes what it has of a range. */
function layerTicks(panels: readonly FigureView[]): readonly string[] {
  let longest: readonly string[] = []
  for (const { spec } of panels) {
    const axis = layerAxis(spec)
    if (axis !== null && spec[axis].ticks.length > longest.length) longest = spec[axis].ticks
  }
  return longest
}

function labelTicks(panels: readonly FigureView[]): readonly string[] {
  for (const { spec } of panels) {
    const axis = labelAxis(spec)
    if (axis !== null) return spec[axis].ticks
  }
  return []
}

function countMatches(labels: readonly string[], text: string): number {
  return text === '' ? labels.length : labels.filter(label => labelMatches(label, text)).length
}

const shortNumber = (value: number) => String(Number(value.toPrecision(4)))
