/** What will run and how long it should take; the button that runs it. */
import type { EstimateView } from '../../../../studies/runs/workbench-types.ts'
import { formatBytes, formatDuration } from '../../format.ts'
import type { Answer } from '../../services/async.ts'

interface EstimatePanelProps {
  readonly estimate: Answer<EstimateView>
  /** What stands in the way and has no field of its own. */
  readonly problem: string | null
  readonly ready: boolean
  readonly starting: boolean
  readonly onStart: () => void
}

export function EstimatePanel({ estimate, problem, ready, starting, onStart }: EstimatePanelProps) {
  const value = estimate.value
  return (
    <section className="estimate card" aria-label="What will run" aria-busy={estimate.loading}>
      <h2>What will run</h2>
      <div aria-live="polite">
        {problem !== null ? (
          <p className="sentence-error">{problem}</p>
        ) : value === null ? (
          <p className="muted">
            {estimate.error === null ? 'Working it out …' : 'Something in the form needs a change first.'}
          </p>
        ) : (
          <>
            <p>{value.summary}</p>
            <dl className="facts">
              <dt>Time</dt>
              <dd>{value.expectedMs === null ? 'not measured yet' : `about ${formatDuration(value.expectedMs)}`}</dd>
              <dt>Patches</dt>
              <dd>{value.patches.toLocaleString('en')}</dd>
              <dt>Memory</dt>
              <dd>{formatBytes(value.peakBytes)}</dd>
            </dl>
          </>
        )}
      </div>
      <button
        type="button"
        className="button button-primary button-large"
        disabled={!ready || starting}
        onClick={onStart}
      >
        {starting ? 'Starting …' : 'Start run'}
      </button>
    </section>
  )
}
