/** The runs of a comparison by their letters: what each is, and the buttons that reorder and remove them. */
import type { RunSummary } from '../../../../studies/runs/events.ts'
import { letterOf, type Side } from '../../../compare/side.ts'
import { Link } from '../../parts/link.tsx'
import { StateBadge } from '../../parts/state-badge.tsx'

interface SidesProps {
  readonly ids: readonly string[]
  readonly summaries: readonly RunSummary[]
  readonly sides: readonly Side[]
  readonly onChange: (runs: readonly string[]) => void
}

export function Sides({ ids, summaries, sides, onChange }: SidesProps) {
  return (
    <ol className="sides" aria-label="Runs compared">
      {ids.map((id, run) => {
        const summary = summaries.find(one => one.id === id)
        const record = sides.find(one => one.record.id === id)?.record
        const letter = letterOf(run)
        const others = ids.filter(other => other !== id)
        return (
          <li key={id} className="side card">
            <span className="side-letter" role="img" aria-label={`Run ${letter}`}>
              {letter}
            </span>
            <div className="side-words">
              <Link to={{ view: 'run', run: id, cell: null }} className="side-study">
                {summary?.studyTitle ?? record?.studyTitle ?? id}
              </Link>
              <p className="side-title">{summary?.title ?? record?.title ?? ''}</p>
              <p className="muted small">{summary === undefined ? '' : `${summary.model} · ${summary.backend}`}</p>
            </div>
            <div className="side-buttons">
              {summary !== undefined && <StateBadge state={summary.state} />}
              {run > 0 && (
                <button
                  type="button"
                  className="button button-small button-plain"
                  aria-label={`Make A of run ${letter}, so that others are taken from it`}
                  onClick={() => onChange([id, ...others])}
                >
                  Make A
                </button>
              )}
              <button
                type="button"
                className="icon-button"
                aria-label={`Remove run ${letter}`}
                onClick={() => onChange(others)}
              >
                ×
              </button>
            </div>
          </li>
        )
      })}
    </ol>
  )
}
