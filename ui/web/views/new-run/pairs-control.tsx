/** Clean and corrupted prompts in pairs, each pair checked for tokens that line up. */
import { numbered } from '../../parts/numbered.ts'
import { TokenPreview } from './token-preview.tsx'

type Pair = readonly [clean: string, corrupted: string]

interface PairsControlProps {
  readonly id: string
  readonly label: string
  readonly values: readonly Pair[]
  readonly onChange: (values: readonly Pair[]) => void
}

export function PairsControl({ id, label, values, onChange }: PairsControlProps) {
  const change = (index: number, side: 0 | 1, text: string) =>
    onChange(
      values.map((pair, at): Pair => {
        if (at !== index) return pair
        return side === 0 ? [text, pair[1]] : [pair[0], text]
      }),
    )
  return (
    <fieldset className="list-control" id={id} aria-label={label}>
      <ol className="list-items">
        {numbered(values).map(({ at: index, item: [clean, corrupted] }) => (
          <li key={index} className="pair">
            <div className="pair-sides">
              <Side
                name={`clean prompt ${index + 1}`}
                text={clean}
                other={corrupted}
                onChange={t => change(index, 0, t)}
              />
              <Side
                name={`corrupted prompt ${index + 1}`}
                text={corrupted}
                other={clean}
                warns
                onChange={t => change(index, 1, t)}
              />
            </div>
            <button
              type="button"
              className="icon-button"
              aria-label={`Remove pair ${index + 1}`}
              onClick={() => onChange(values.filter((_, at) => at !== index))}
            >
              ×
            </button>
          </li>
        ))}
      </ol>
      <div className="list-buttons">
        <button type="button" className="button button-small" onClick={() => onChange([...values, ['', '']])}>
          Add pair
        </button>
      </div>
    </fieldset>
  )
}

interface SideProps {
  readonly name: string
  readonly text: string
  readonly other: string
  readonly warns?: boolean
  readonly onChange: (text: string) => void
}

function Side({ name, text, other, warns = false, onChange }: SideProps) {
  return (
    <div>
      <input
        className="input mono"
        aria-label={name[0]?.toUpperCase() + name.slice(1)}
        value={text}
        onChange={event => onChange(event.target.value)}
      />
      <TokenPreview text={text} name={name} other={other} warns={warns} />
    </div>
  )
}
