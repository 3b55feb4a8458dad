/** What the colours of a group of panels mean; a pointer shows the value under the cursor. */
import { SCALES } from '../../../figures/colours.ts'
import { formatNumber } from '../../format.ts'
import type { Colouring } from '../../plot/paint.ts'

interface ColourBarProps {
  readonly colouring: Colouring
  readonly metric: string
  readonly unit: string
  readonly value: number | null
  /** Only the colours and their ends: what they mean is said elsewhere. */
  readonly brief?: boolean
}

export function ColourBar({ colouring, metric, unit, value, brief = false }: ColourBarProps) {
  const [low, high] = colouring.range
  const ends = [endText(low, high - low), endText(high, high - low)]
  const stops = SCALES[colouring.scale].map(([at, colour]) => `${colour} ${at * 100}%`).join(', ')
  const share = value === null || Number.isNaN(value) ? null : Math.min(1, Math.max(0, (value - low) / (high - low)))
  return (
    <div className="colour-bar" role="img" aria-label={`Colours: ${metric} in ${unit}, from ${ends[0]} to ${ends[1]}`}>
      <span className="colour-bar-end">{ends[0]}</span>
      <span className="colour-bar-track" style={{ background: `linear-gradient(to right, ${stops})` }}>
        {colouring.scale === 'diverging' && <span className="colour-bar-zero" />}
        {share !== null && <span className="colour-bar-pointer" style={{ left: `${share * 100}%` }} />}
      </span>
      <span className="colour-bar-end">{ends[1]}</span>
      {!brief && (
        <span className="muted">
          {metric}, {unit}
        </span>
      )}
    </div>
  )
}

/**
 * Three digits and no zeros behind them: the exact ends are in the cells that have them, and what no eye
 * tells from 0 on a bar of this span is 0.
 */
function endText(value: number, span: number): string {
  const size = Math.abs(value)
  if (size < span / 1000) return '0'
  if (value !== 0 && (size < 1e-4 || size >= 1e6)) return formatNumber(value)
  return String(Number(value.toPrecision(3))).replace('-', '−')
}
