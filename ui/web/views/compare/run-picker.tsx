/** Chooses a run to compare with: those of the same study first, found by words. */
import { useState } from 'react'
import type { RunSummary } from '../../../../studies/runs/events.ts'
import { letterOf } from '../../../compare/side.ts'
import { formatWhen } from '../../format.ts'
import { StateBadge } from '../../parts/state-badge.tsx'
import { useNow } from '../../services/now.ts'

interface RunPickerProps {
  /** Whether it is needed before anything can be seen. */
  readonly open: boolean
  readonly chosen: readonly string[]
  /** Null until the server has told them. */
  readonly runs: readonly RunSummary[] | null
  readonly onPick: (run: string) => void
}

/** Runs shown before words narrow them. */
const MOST = 12

export function RunPicker({ open, chosen, runs, onPick }: RunPickerProps) {
  const [words, setWords] = useState('')
  const now = useNow()
  const letter = letterOf(chosen.length)
  const study = runs?.find(({ id }) => id === chosen[0])?.study
  const found = (runs ?? [])
    .filter(run => !chosen.includes(run.id) && matches(run, words))
    .sort((a, b) => Number(b.study === study) - Number(a.study === study))
  const list = (
    <div className="picker">
      <input
        className="input"
        type="search"
        aria-label="Search runs to compare"
        placeholder="Search by study, prompt, model"
        value={words}
        onChange={event => setWords(event.target.value)}
      />
      <ul className="picker-runs" aria-label={`Runs for ${letter}`}>
        {found.slice(0, MOST).map(run => (
          <li key={run.id}>
            <button type="button" className="picker-run" onClick={() => onPick(run.id)}>
              <span className="picker-study">
                {run.studyTitle}
                {run.study === study && <span className="muted small"> same study</span>}
              </span>
              <span className="picker-title">{run.title}</span>
              <span className="picker-facts">
                <StateBadge state={run.state} />
                <time dateTime={run.createdAt} className="muted small">
                  {formatWhen(run.createdAt, now)}
                </time>
              </span>
            </button>
          </li>
        ))}
      </ul>
      {found.length > MOST && <p className="muted small">{found.length - MOST} more; words narrow the list.</p>}
      {runs !== null && found.length === 0 && (
        <p className="muted">{words === '' ? 'There is no other run yet.' : 'No other run has these words.'}</p>
      )}
    </div>
  )
  if (open) {
    return (
      <section className="picker-section" aria-label={`Choose run ${letter}`}>
        <h2>{chosen.length === 0 ? 'Choose the run that others are taken from' : `Choose what to compare it with`}</h2>
        {list}
      </section>
    )
  }
  return (
    <details className="picker-more">
      <summary className="muted small">Add a run</summary>
      {list}
    </details>
  )
}

function matches(run: RunSummary, words: string): boolean {
  const text = `${run.studyTitle} ${run.title} ${run.model} ${run.backend} ${run.state} ${run.id}`.toLowerCase()
  return words
    .toLowerCase()
    .split(/\s+/)
    .every(word => text.includes(word))
}
