/** A run's title, state, progress and parameters, and the buttons that stop it and go on with it. */
import { useState } from 'react'
import type { RunState, RunSummary } from '../../../../studies/runs/events.ts'
import { api } from '../../../client/api.ts'
import type { RunView } from '../../../client/run-view.ts'
import { formatCount, formatWhen } from '../../format.ts'
import { Link } from '../../parts/link.tsx'
import { Progress } from '../../parts/progress.tsx'
import { StateBadge } from '../../parts/state-badge.tsx'
import { merge } from '../../services/feed.ts'
import { useNow } from '../../services/now.ts'
import { toastError } from '../../services/toasts.ts'
import { Parameters } from './parameters.tsx'

interface RunHeaderProps {
  readonly view: RunView
  readonly title: string
}

/** More is to come. */
export const BUSY: ReadonlySet<RunState> = new Set<RunState>(['queued', 'loading', 'running'])
const RESUMABLE = new Set(['cancelled', 'failed', 'interrupted'])

export function RunHeader({ view, title }: RunHeaderProps) {
  const { record, state, progress } = view
  const [asking, setAsking] = useState(false)
  const now = useNow()
  const ask = async (what: (run: string) => Promise<RunSummary>) => {
    setAsking(true)
    try {
      merge([await what(record.id)])
    } catch (error) {
      toastError(error)
    }
    setAsking(false)
  }
  return (
    <header className="run-header">
      <div className="run-header-top">
        <div className="run-header-words">
          <h1>{record.studyTitle}</h1>
          <p className="run-header-title">{title}</p>
          <p className="muted run-header-facts">
            {[
              `${record.model.name}, ${formatCount(record.model.parameters)} weights`,
              record.dtype === 'f32' ? record.backend : `${record.backend} in ${record.dtype}`,
              record.preset === undefined ? null : `preset ${record.preset}`,
              formatWhen(record.createdAt, now),
            ]
              .filter(fact => fact !== null)
              .join(' · ')}
          </p>
        </div>
        <div className="run-header-actions">
          <Link to={{ view: 'compare', runs: [record.id] }} className="button">
            Compare with…
          </Link>
          <span role="status" aria-label="State">
            <StateBadge state={state} />
          </span>
          {BUSY.has(state) && (
            <button type="button" className="button" disabled={asking} onClick={() => ask(api.cancel)}>
              Cancel
            </button>
          )}
          {RESUMABLE.has(state) && (
            <button type="button" className="button button-primary" disabled={asking} onClick={() => ask(api.resume)}>
              Resume
            </button>
          )}
        </div>
      </div>
      {progress !== null && state !== 'done' && (
        <Progress
          name="Progress"
          done={progress.done}
          total={progress.total}
          etaMs={BUSY.has(state) ? progress.etaMs : null}
        />
      )}
      {view.error !== null && (
        <p className="run-error" role="alert">
          {view.error}
        </p>
      )}
      <Parameters record={record} />
    </header>
  )
}
