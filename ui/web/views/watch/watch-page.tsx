/** Several runs at once, each with its first figures: what the invitation leads to. */
import type { RunId } from '../../../../studies/runs/events.ts'
import { WatchedRun } from './watched-run.tsx'
import './watch.css'

export function WatchPage({ runs }: { readonly runs: readonly RunId[] }) {
  return (
    <div className="page watch">
      <h1>Side by side</h1>
      <p className="muted">
        One run computes at a time; each heatmap fills as its cells arrive. Follow a title for all of its figures.
      </p>
      {runs.map(run => (
        <WatchedRun key={run} run={run} />
      ))}
    </div>
  )
}
