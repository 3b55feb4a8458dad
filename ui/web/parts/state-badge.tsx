/** A run's state, as a word with a dot of its colour. */
import type { RunState } from '../../../studies/runs/events.ts'
import './state-badge.css'

const WORDS: Record<RunState, string> = {
  queued: 'queued',
  loading: 'loading model',
  running: 'running',
  cancelled: 'cancelled',
  failed: 'failed',
  done: 'done',
  interrupted: 'interrupted',
}

export function StateBadge({ state }: { readonly state: RunState }) {
  return (
    <span className="state-badge" data-state={state}>
      {WORDS[state]}
    </span>
  )
}
