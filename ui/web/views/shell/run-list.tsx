/** Past and present runs, newest first, found by words. */
import { useState } from 'react'
import type { RunSummary } from '../../../../studies/runs/events.ts'
import { formatWhen } from '../../format.ts'
import { Link } from '../../parts/link.tsx'
import { Progress } from '../../parts/progress.tsx'
import { StateBadge } from '../../parts/state-badge.tsx'
import { useNow } from '../../services/now.ts'

interface RunListProps {
  readonly runs: readonly RunSummary[] | null
  readonly current: string | null
}

export function RunList({ runs, current }: RunListProps) {
  const [words, setWords] = useState('')
  const found = (runs ?? []).filter(run => matches(run, words))
  return (
    <nav className="run-list" aria-label="Runs">
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
        {found.map(run => (
          <li key={run.id}>
            <RunRow run={run} current={run.id === current} />
          </li>
        ))}
      </ul>
    </nav>
  )
}

function RunRow({ run, current }: { readonly run: RunSummary; readonly current: boolean }) {
  const now = useNow()
  const busy = run.state === 'running' || run.state === 'loading'
  return (
    <Link
      to={{ view: 'run', run: run.id, cell: null }}
      className="run-row"
      current={current}
      label={`${run.studyTitle}: ${run.title} (${run.state})`}
    >
      <span className="run-row-top">
        <span className="run-row-study">{run.studyTitle}</span>
        <time dateTime={run.createdAt} className="muted small">
          {formatWhen(run.createdAt, now)}
        </time>
      </span>
      <span className="run-row-title">{run.title}</span>
      <span className="run-row-top">
        <StateBadge state={run.state} />
        {run.total > 0 && run.state !== 'done' && (
          <span className="muted small">{Math.floor((100 * run.done) / run.total)}%</span>
        )}
      </span>
      {busy && <Progress compact name={`Progress of ${run.title}`} done={run.done} total={run.total} />}
    </Link>
  )
}

function matches(run: RunSummary, words: string): boolean {
  const text = `${run.studyTitle} ${run.title} ${run.model} ${run.backend} ${run.state} ${run.id}`.toLowerCase()
  return words
    .toLowerCase()
    .split(/\s+/)
    .every(word => text.includes(word))
}
