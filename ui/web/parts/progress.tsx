/** How far a run is, as a bar with its numbers beside it. */
import { formatDuration } from '../format.ts'
import './progress.css'

interface ProgressProps {
  readonly name: string
  readonly done: number
  readonly total: number
  readonly etaMs?: number | null
  /** Thin, without numbers, for lists. */
  readonly compact?: boolean
}

export function Progress({ name, done, total, etaMs = null, compact = false }: ProgressProps) {
  const percent = total > 0 ? Math.min(100, (100 * done) / total) : 0
  return (
    <div className={compact ? 'progress progress-compact' : 'progress'}>
      <div
        className="progress-track"
        role="progressbar"
        aria-label={name}
        aria-valuemin={0}
        aria-valuemax={total}
        aria-valuenow={done}
        aria-valuetext={`${done} of ${total}`}
      >
        <div className="progress-fill" style={{ width: `${percent}%` }} />
      </div>
      {!compact && (
        <span className="progress-numbers">
          <b>{done.toLocaleString('en')}</b> / {total.toLocaleString('en')}
          {etaMs !== null && done < total && <span> · {formatDuration(etaMs)} left</span>}
        </span>
      )}
    </div>
  )
}
