/** Which tokens of a long prompt are shown, and the way to the others. Nothing where all are. */
import type { TokenWindow } from '../../../../studies/runs/cell/types.ts'
import { goInDrawer } from './drawer-place.ts'
import { ShownTokens } from './shown-tokens.tsx'

export function WindowSteps({ window }: { readonly window: TokenWindow }) {
  const { from, labels, of } = window
  const shown = labels.length
  if (shown === of) return null
  // Half a window at a time, so that no pair of near tokens is never seen together.
  const step = Math.max(1, Math.floor(shown / 2))
  const to = (next: number) => goInDrawer({ from: Math.min(of - shown, Math.max(0, next)) })
  return (
    <div className="window-steps">
      <ShownTokens window={window} />
      <button type="button" className="button button-small" disabled={from === 0} onClick={() => to(from - step)}>
        Earlier
      </button>
      <button
        type="button"
        className="button button-small"
        disabled={from + shown >= of}
        onClick={() => to(from + step)}
      >
        Later
      </button>
    </div>
  )
}
