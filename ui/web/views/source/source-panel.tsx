/** The study's source beside its results, as it ran; asked for when it is opened. */
import { useMemo, useState } from 'react'
import type { RunId } from '../../../../studies/runs/events.ts'
import type { RunSource } from '../../../../studies/runs/workbench-types.ts'
import { api } from '../../../client/api.ts'
import { numbered } from '../../parts/numbered.ts'
import { useAnswer } from '../../services/async.ts'
import { useStudies } from '../../services/catalog.ts'
import { highlight } from './highlight.ts'
import './source.css'

interface SourcePanelProps {
  readonly run: RunId
  /** Its state: a study's file is kept when the run begins. */
  readonly state: string
}

export function SourcePanel({ run, state }: SourcePanelProps) {
  const [open, setOpen] = useState(false)
  return (
    <details className="source" onToggle={event => setOpen(event.currentTarget.open)}>
      <summary>Source</summary>
      {open && <Source run={run} state={state} />}
    </details>
  )
}

function Source({ run, state }: SourcePanelProps) {
  const [asked, setAsked] = useState(0)
  // A file that was saved may be another than the one that ran: the studies are told anew then.
  const studies = useStudies().value
  const [seen, setSeen] = useState(studies)
  if (seen !== studies) {
    setSeen(studies)
    setAsked(asked + 1)
  }
  const { value, error, loading } = useAnswer(`${run} ${state} ${asked}`, signal => api.source(run, signal))
  if (error !== null) return <p className="sentence-error">{error}</p>
  if (value !== null) return <SourceText source={value} />
  return <p className="muted">{loading ? 'Reading …' : 'The source of this study was not kept.'}</p>
}

function SourceText({ source }: { readonly source: RunSource }) {
  const lines = useMemo(() => highlight(source.text), [source.text])
  return (
    <>
      <p className="source-head">
        <code>{source.name}</code>{' '}
        <span className="muted">{source.origin === 'own' ? 'Your own study, as it ran.' : 'A built-in study.'}</span>
      </p>
      {source.note !== null && <p className="sentence-warning">{source.note}</p>}
      <ol className="source-lines" aria-label={`Source of ${source.name}`}>
        {numbered(lines).map(({ at, item: pieces }) => (
          <li key={at}>
            <code>
              {numbered(pieces).map(({ at: place, item: piece }) => (
                <span key={place} className={`source-${piece.kind}`}>
                  {piece.text}
                </span>
              ))}
            </code>
          </li>
        ))}
      </ol>
    </>
  )
}
