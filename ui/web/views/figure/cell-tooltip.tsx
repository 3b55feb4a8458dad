/** What a cell is and holds, beside the pointer. */
import type { FigureView } from '../../../client/run-view.ts'
import { formatNumber, formatSigned } from '../../format.ts'

/** A cell and where the pointer is, in the window's CSS pixels. */
export interface HoveredCell {
  readonly index: number
  readonly x: number
  readonly y: number
}

interface CellTooltipProps {
  readonly panel: FigureView
  readonly at: HoveredCell
}

/** Beyond this share of the window the tooltip stands on the other side of the pointer. */
const TURN = 0.7

export function CellTooltip({ panel, at }: CellTooltipProps) {
  const { spec, values, marks } = panel
  const columns = spec.x.ticks.length
  const x = at.index % columns
  const y = Math.floor(at.index / columns)
  const value = values[at.index] ?? Number.NaN
  const mark = spec.marks[(marks[at.index] ?? 0) - 1]
  const left = at.x > window.innerWidth * TURN
  const up = at.y > window.innerHeight * TURN
  return (
    <div
      className="cell-tooltip"
      style={{
        ...(left ? { right: window.innerWidth - at.x + 14 } : { left: at.x + 14 }),
        ...(up ? { bottom: window.innerHeight - at.y + 14 } : { top: at.y + 14 }),
      }}
    >
      <strong>
        {Number.isNaN(value) ? 'no value yet' : (spec.scale === 'diverging' ? formatSigned : formatNumber)(value)}
        {!Number.isNaN(value) && <span className="muted"> {spec.unit}</span>}
      </strong>
      <dl>
        <dt>{spec.y.label}</dt>
        <dd>{spec.y.ticks[y]}</dd>
        <dt>{spec.x.label}</dt>
        <dd>
          {spec.x.ticks[x]}
          {spec.x.kind === 'position' && <span className="muted"> at {x}</span>}
        </dd>
      </dl>
      {mark !== undefined && (
        <p>
          {mark.symbol} {mark.meaning}
        </p>
      )}
    </div>
  )
}
