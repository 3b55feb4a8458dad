/** A list of texts, one line each: prompts, or pieces that must be one token. Lines can come from a file. */
import { numbered } from '../../parts/numbered.ts'
import { toastError } from '../../services/toasts.ts'
import { PiecePreview, TokenPreview } from './token-preview.tsx'

interface ListControlProps {
  readonly id: string
  readonly label: string
  readonly values: readonly string[]
  readonly onChange: (values: readonly string[]) => void
  /** What one of them is called. */
  readonly item: string
  /** Side by side, for short ones. */
  readonly inline?: boolean
  readonly max?: number | undefined
}

export function ListControl({ id, label, values, onChange, item, inline = false, max }: ListControlProps) {
  const full = max !== undefined && values.length >= max
  return (
    <fieldset className="list-control" id={id} aria-label={label}>
      <ol className={inline ? 'list-items list-items-inline' : 'list-items'}>
        {numbered(values).map(({ at: index, item: value }) => (
          <li key={index}>
            <div className="list-line">
              <input
                className="input mono"
                aria-label={`${label}, ${item} ${index + 1}`}
                value={value}
                onChange={event => onChange(values.map((old, at) => (at === index ? event.target.value : old)))}
              />
              <button
                type="button"
                className="icon-button"
                aria-label={`Remove ${item} ${index + 1}`}
                onClick={() => onChange(values.filter((_, at) => at !== index))}
              >
                ×
              </button>
            </div>
            {inline ? (
              <PiecePreview text={value} name={`${item} ${index + 1}`} />
            ) : (
              <TokenPreview text={value} name={`${item} ${index + 1}`} />
            )}
          </li>
        ))}
      </ol>
      <div className="list-buttons">
        <button type="button" className="button button-small" disabled={full} onClick={() => onChange([...values, ''])}>
          Add {item}
        </button>
        {!inline && (
          <label className="button button-small">
            Load lines from a file
            <input
              type="file"
              accept=".txt,text/plain"
              className="visually-hidden"
              onChange={event => {
                const [file] = event.target.files ?? []
                file?.text().then(text => onChange(linesOf(text)), toastError)
                // The same file can be chosen again.
                event.target.value = ''
              }}
            />
          </label>
        )}
      </div>
    </fieldset>
  )
}

function linesOf(text: string): string[] {
  return text.split(/\r?\n/).filter(line => line.trim() !== '')
}
