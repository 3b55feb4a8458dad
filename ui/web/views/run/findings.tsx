/** A run's numbers in short and the sentences that its reader should know. */
import { formatNumber } from '../../format.ts'

interface FindingsProps {
  readonly summary: Readonly<Record<string, number | string>>
  readonly notes: readonly string[]
}

export function Findings({ summary, notes }: FindingsProps) {
  const entries = Object.entries(summary)
  if (entries.length === 0 && notes.length === 0) return null
  return (
    <section className="findings" aria-label="Summary">
      {entries.length > 0 && (
        <dl>
          {entries.map(([key, value]) => (
            <div key={key}>
              <dt>{key}</dt>
              <dd>{typeof value === 'number' ? formatNumber(value) : value}</dd>
            </div>
          ))}
        </dl>
      )}
      {notes.length > 0 && (
        <ul aria-label="Notes">
          {notes.map(note => (
            <li key={note}>{note}</li>
          ))}
        </ul>
      )}
    </section>
  )
}
