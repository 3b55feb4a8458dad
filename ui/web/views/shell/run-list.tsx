/** Past and present runs, newest first, found by words. */
import { memo, useMemo, useState } from 'react'
import type { RunSummary } from '../../../../studies/runs/events.ts'
import { formatWhen } from '../../format.ts'
import { Link } from '../../parts/link.tsx'
import { Progress } from '../../parts/progress.tsx'
import { StateBadge } from '../../parts/state-badge.tsx'
import { useNow } from '../../services/now.ts'
import { ALL_RUNS } from '../../services/route.ts'
import { runName } from '../../services/run-actions.ts'
import { findRuns } from '../runs/run-filter.ts'

interface RunListProps {
  readonly runs: readonly RunSummary[] | null
  readonly current: string | null
}

/** More are for the page of runs. */
const MOST = 60

export const RunList = memo(function RunList({ runs, current }: RunListProps) {
  const [words, setWords] = useState('')
  const found = useMemo(() => findRuns(runs ?? [], { ...ALL_RUNS, search: words }), [runs, words])
  return (
    <nav className="run-list" aria-label="Runs" data-searching={words !== ''}>
      <div className="run-list-head">
        <Link to={{ view: 'home' }} className="button">
          New run
        </Link>
        <input
          className="input"
          type="search"
          aria-label="Search runs"
          placeholder="Search runs"
          value={words}
          onChange={event => setWords(event.target.value)}
        />
      </div>
      {runs !== null && runs.length === 0 && <p className="run-list-empty muted">Runs will be listed here.</p>}
      {found.length === 0 && words !== '' && <p className="run-list-empty muted">No run has these words.</p>}
      <ul>
        {found.slice(0, MOST).map(run => (
          <li key={run.id}>
            <RunRow run={run} current={run.id === current} />
          </li>
        ))}
      </ul>
      {runs !== null && runs.length > 0 && (
        <Link to={{ view: 'runs', ...ALL_RUNS, search: words }} className="run-list-all">
          {found.length > MOST ? `All ${found.length} runs` : 'All runs'}
        </Link>
      )}
    </nav>
  )
})

const RunRow = memo(function RunRow({ run, current }: { readonly run: RunSummary; readonly current: boolean }) {
  const now = useNow()
  const busy = run.state === 'running' || run.state === 'loading'
  return (
    <Link to={{ view: 'run', run: run.id, cell: null }} className="run-row" current={current}>
      <span className="run-row-top">
        <span className="run-row-study">
          {run.studyTitle}
          {run.meta.starred && (
            <span className="run-row-star" title="Starred">
              {' '}
              ★
            </span>
          )}
        </span>
        <time dateTime={run.createdAt} className="muted small">
          {formatWhen(run.createdAt, now)}
        </time>
      </span>
      <span className="run-row-title">{runName(run)}</span>
      <span className="run-row-top">
        <StateBadge state={run.state} />
        {run.total > 0 && run.state !== 'done' && (
          <span className="muted small">{Math.floor((100 * run.done) / run.total)}%</span>
        )}
      </span>
      {busy && <Progress compact name={`Progress of ${run.title}`} done={run.done} total={run.total} />}
    </Link>
  )
})
