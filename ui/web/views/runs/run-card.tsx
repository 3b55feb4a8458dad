/** One run in the list: its picture, what it is, what was said of it, and what can be done with it. */
import { memo, useState } from 'react'
import type { RunSummary } from '../../../../studies/runs/events.ts'
import { api } from '../../../client/api.ts'
import { formatWhen } from '../../format.ts'
import { Link } from '../../parts/link.tsx'
import { Progress } from '../../parts/progress.tsx'
import { StateBadge } from '../../parts/state-badge.tsx'
import { useNow } from '../../services/now.ts'
import { archiveRun, removeRun, runName } from '../../services/run-actions.ts'
import { NotesForm } from './notes-form.tsx'
import { Preview } from './preview.tsx'
import { StarButton } from './star-button.tsx'
import { Tags } from './tags.tsx'

interface RunCardProps {
  readonly run: RunSummary
  readonly chosen: boolean
  /** The same function each time: a list of hundreds redraws only what changed. */
  readonly onChoose: (run: string, chosen: boolean) => void
  readonly onTag: (tag: string) => void
}

export const RunCard = memo(function RunCard({ run, chosen, onChoose, onTag }: RunCardProps) {
  const now = useNow()
  const [editing, setEditing] = useState(false)
  const { meta } = run
  const name = runName(run)
  const busy = run.state === 'running' || run.state === 'loading'
  return (
    <article className="run-card" data-chosen={chosen}>
      <input
        type="checkbox"
        className="run-card-choose"
        aria-label={`Choose ${name}`}
        checked={chosen}
        onChange={event => onChoose(run.id, event.target.checked)}
      />
      <Preview run={run} />
      <div className="run-card-words">
        <div className="run-card-head">
          <Link to={{ view: 'run', run: run.id, cell: null }} className="run-card-name">
            {name}
          </Link>
          <StarButton run={run} />
        </div>
        {meta.name !== '' && <p className="run-card-title">{run.title}</p>}
        <p className="run-card-facts muted small">
          <StateBadge state={run.state} />
          <span>{run.studyTitle}</span>
          <span>{run.model}</span>
          <time dateTime={run.createdAt}>{formatWhen(run.createdAt, now)}</time>
          {meta.imported !== undefined && <span>imported</span>}
        </p>
        <Tags tags={meta.tags} onTag={onTag} />
        {meta.note !== '' && <p className="run-card-note">{meta.note}</p>}
        {busy && <Progress compact name={`Progress of ${name}`} done={run.done} total={run.total} />}
      </div>
      <div className="run-card-actions">
        <button
          type="button"
          className="button button-small button-plain"
          aria-expanded={editing}
          aria-label={`Edit name, note and tags of ${name}`}
          onClick={() => setEditing(!editing)}
        >
          Edit
        </button>
        <Link
          to={{ view: 'new', study: run.study, preset: null, from: run.id }}
          className="button button-small button-plain"
          label={`Duplicate ${name} into a new form`}
        >
          Duplicate
        </Link>
        <a
          href={api.archiveUrl(run.id)}
          download=""
          className="button button-small button-plain"
          aria-label={`Save ${name} as a file`}
        >
          Save
        </a>
        <button
          type="button"
          className="button button-small button-plain"
          aria-label={`${meta.archived ? 'Unarchive' : 'Archive'} ${name}`}
          onClick={() => void archiveRun(run)}
        >
          {meta.archived ? 'Unarchive' : 'Archive'}
        </button>
        <button
          type="button"
          className="button button-small button-plain"
          aria-label={`Delete ${name}`}
          onClick={() => void removeRun(run)}
        >
          Delete
        </button>
      </div>
      {editing && <NotesForm run={run} onClose={() => setEditing(false)} />}
    </article>
  )
})
