/** A run's star: a button that is pressed or not. */
import type { RunSummary } from '../../../../studies/runs/events.ts'
import { annotate, runName } from '../../services/run-actions.ts'

export function StarButton({ run }: { readonly run: RunSummary }) {
  const { starred } = run.meta
  return (
    <button
      type="button"
      className="star-button"
      aria-pressed={starred}
      aria-label={`Star ${runName(run)}`}
      title={starred ? 'Starred' : 'Star'}
      onClick={() => void annotate(run.id, { starred: !starred })}
    >
      <svg viewBox="0 0 16 16" width={16} height={16} aria-hidden="true">
        <path d="M8 1.6l1.98 4.1 4.5.6-3.3 3.13.82 4.47L8 11.7l-4 2.2.82-4.47L1.52 6.3l4.5-.6z" />
      </svg>
    </button>
  )
}
