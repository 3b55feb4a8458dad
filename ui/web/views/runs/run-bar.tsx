/** On a run's own page: what was said of it, and what can be done with it as a whole. */
import { useState } from 'react'
import type { RunSummary } from '../../../../studies/runs/events.ts'
import { api } from '../../../client/api.ts'
import { Link } from '../../parts/link.tsx'
import { ALL_RUNS, navigate } from '../../services/route.ts'
import { archiveRun, removeRun } from '../../services/run-actions.ts'
import { NotesForm } from './notes-form.tsx'
import { StarButton } from './star-button.tsx'
import { Tags } from './tags.tsx'
import './runs.css'

export function RunBar({ run }: { readonly run: RunSummary }) {
  const [editing, setEditing] = useState(false)
  const { meta } = run
  return (
    <section className="run-bar" aria-label="About this run">
      {meta.name !== '' && <p className="muted">{run.title}</p>}
      <div className="run-bar-top">
        <StarButton run={run} />
        <button
          type="button"
          className="button button-small"
          aria-expanded={editing}
          onClick={() => setEditing(!editing)}
        >
          Name and notes
        </button>
        <Link to={{ view: 'new', study: run.study, preset: null, from: run.id }} className="button button-small">
          Duplicate
        </Link>
        <a href={api.archiveUrl(run.id)} download="" className="button button-small">
          Save as file
        </a>
        <button type="button" className="button button-small" onClick={() => void archiveRun(run)}>
          {meta.archived ? 'Unarchive' : 'Archive'}
        </button>
        <button type="button" className="button button-small" onClick={() => void removeRun(run)}>
          Delete
        </button>
      </div>
      <Tags tags={meta.tags} onTag={tag => navigate({ view: 'runs', ...ALL_RUNS, tags: [tag] })} />
      {meta.note !== '' && <p className="run-bar-note">{meta.note}</p>}
      {meta.imported !== undefined && (
        <p className="muted small">
          Imported{meta.imported.id === run.id ? '' : `; where it was made its id is ${meta.imported.id}`}.
        </p>
      )}
      {editing && <NotesForm run={run} onClose={() => setEditing(false)} />}
    </section>
  )
}
