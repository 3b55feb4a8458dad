/** What stands where an answer about a cell will be: what it waits for, or why there is none. */
import { useRuns } from '../../services/feed.ts'
import type { CellAnswer } from './use-cell-view.ts'

const COMPUTING = new Set(['loading', 'running'])

interface WaitingProps {
  readonly answer: CellAnswer<unknown>
  /** What is computed: `Running this cell again`. */
  readonly what: string
}

/** Nothing where the answer is there and current. */
export function Waiting({ answer, what }: WaitingProps) {
  const busy = useRuns()?.some(run => COMPUTING.has(run.state)) === true
  return (
    <div role="status" className="cell-status">
      {answer.loading && (
        <p className="muted">
          {what} …{busy && ' A run is computing; this goes between two of its slices.'}
        </p>
      )}
      {!answer.loading && answer.error !== null && (
        <p className="sentence-error">
          {answer.error}{' '}
          <button type="button" className="button button-small" onClick={answer.again}>
            Ask again
          </button>
        </p>
      )}
    </div>
  )
}
