/** The trash: what was deleted, and the way back. */
import { useRef, useState } from 'react'
import { hasWords } from '../../../../studies/runs/find-runs.ts'
import { api } from '../../../client/api.ts'
import { formatWhen } from '../../format.ts'
import { useAnswer } from '../../services/async.ts'
import { useRuns } from '../../services/feed.ts'
import { useNow } from '../../services/now.ts'
import { restoreRun, runName } from '../../services/run-actions.ts'
import { useRowFocus } from './use-row-focus.ts'

export function DeletedRuns({ search }: { readonly search: string }) {
  const now = useNow()
  const [asked, setAsked] = useState(0)
  // Another tab's deleting shows as a shorter list of runs.
  const runs = useRuns()
  const { value, error } = useAnswer(`deleted ${asked} ${runs?.length ?? 0}`, () => api.deleted())
  const list = useRef<HTMLUListElement>(null)
  useRowFocus(list)
  const found = (value ?? []).filter(({ run }) => hasWords(run, search))
  if (error !== null) return <p className="sentence-error">{error}</p>
  return (
    <>
      <p className="muted">Deleted runs are kept for 30 days.</p>
      {value !== null && found.length === 0 && <p className="muted">There is nothing here.</p>}
      <ul ref={list} className="run-cards" aria-label="Deleted runs">
        {found.map(({ run, deletedAt }) => (
          <li key={run.id}>
            <article className="run-card run-card-deleted">
              <div className="run-card-words">
                <span className="run-card-name">{runName(run)}</span>
                <p className="run-card-facts muted small">
                  <span>{run.studyTitle}</span>
                  <span>{run.model}</span>
                  <span>deleted {formatWhen(deletedAt, now)}</span>
                </p>
              </div>
              <div className="run-card-actions">
                <button
                  type="button"
                  className="button button-small"
                  aria-label={`Restore ${runName(run)}`}
                  onClick={() => void restoreRun(run.id).then(() => setAsked(asked + 1))}
                >
                  Restore
                </button>
              </div>
            </article>
          </li>
        ))}
      </ul>
    </>
  )
}
