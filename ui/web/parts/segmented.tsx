/** A choice of few: radio buttons that look like one control. */
import './segmented.css'

interface SegmentedProps<T extends string> {
  readonly name: string
  readonly options: readonly { readonly value: T; readonly label: string }[]
  readonly value: T
  readonly onChange: (value: T) => void
  readonly id: string
  readonly describedBy?: string | undefined
}

export function Segmented<T extends string>({ name, options, value, onChange, id, describedBy }: SegmentedProps<T>) {
  return (
    <div className="segmented" role="radiogroup" aria-label={name} aria-describedby={describedBy}>
      {options.map(option => (
        <label key={option.value} className="segment">
          <input
            type="radio"
            name={id}
            value={option.value}
            checked={option.value === value}
            onChange={() => onChange(option.value)}
          />
          <span>{option.label}</span>
        </label>
      ))}
    </div>
  )
}
