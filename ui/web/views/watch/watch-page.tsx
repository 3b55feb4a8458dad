/** Several runs at once, each with its first figures: what the invitation leads to. */
import type { RunId } from '../../../../studies/runs/events.ts'
import { WatchedRun } from './watched-run.tsx'
import './watch.css'

export function WatchPage({ runs }: { readonly runs: readonly RunId[] }) {
  return (
    <div className="page watch">
      <h1>{runs.length === 1 ? 'One run' : `${runs.length} runs`}</h1>
      <p className="muted">They compute one after another; each heatmap fills as its cells arrive.</p>
      {runs.map(run => (
        <WatchedRun key={run} run={run} />
      ))}
    </div>
  )
}
