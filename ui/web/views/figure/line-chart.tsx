/** Lines with bands over one axis: Plotly's picture inside a grid that keyboards and screen readers can walk. */
import { useMemo, useRef, useState } from 'react'
import type { Axis } from '../../../../studies/figure.ts'
import type { Place } from '../../../figures/shown.ts'
import { formatNumber } from '../../format.ts'
import type { Line, LinePoint } from '../../plot/lines.ts'
import { tickName } from '../../plot/panels.ts'
import type { ScaleChoice } from '../../services/look.ts'
import { KeyboardGrid } from './keyboard-grid.tsx'
import { SERIES, useLines } from './use-lines.ts'
import './lines.css'

export interface NamedLine {
  readonly id: string
  readonly title: string
  readonly unit: string
  readonly line: Line
}

interface LineChartProps {
  readonly name: string
  readonly metric: string
  readonly width: number
  readonly help: string
  readonly lines: readonly NamedLine[]
  readonly axis: Axis
  readonly scale: ScaleChoice
}

export function LineChart({ name, metric, width, help, lines, axis, scale }: LineChartProps) {
  const [cursor, setCursor] = useState<Place | null>(null)
  const [hovered, setHovered] = useState<number | null>(null)
  const host = useRef<HTMLDivElement>(null)
  const plain = useMemo(() => lines.map(({ line }) => line), [lines])
  const places = plain[0]?.points.length ?? 0
  const pointed = hovered ?? cursor?.column ?? null
  const unit = lines[0]?.unit ?? ''
  const { height, left, innerWidth } = useLines({
    host,
    lines: plain,
    axis,
    metric: `${metric} [${unit}]`,
    scale,
    width,
    pointed,
    onHover: setHovered,
  })
  const xOf = (place: number) => left + ((place + 0.5) / places) * innerWidth
  if (places === 0) return <p className="heatmap-empty muted">Nothing is chosen here.</p>
  const tickAt = (place: number) => lines[0]?.line.points[place]?.tick ?? 0
  const describe = ({ column, row }: Place) => {
    const point = lines[row]?.line.points[column]
    return `${lines[row]?.title}, ${tickName(axis, tickAt(column))}: ${point === undefined ? '–' : pointText(point)} ${unit}`
  }
  return (
    <figure className="lines" aria-label={`Lines of ${name}`}>
      <ul className="lines-legend">
        {lines.map(({ id, title }, i) => (
          <li key={id} data-series={i % SERIES}>
            <svg width="26" height="10" aria-hidden="true">
              <path className="series-line" d="M1,5H25" />
            </svg>
            {title}
          </li>
        ))}
      </ul>
      <KeyboardGrid
        name={`Lines of ${name}`}
        help={help}
        rows={lines.length}
        columns={places}
        cursor={cursor}
        selected={null}
        describe={describe}
        onMove={setCursor}
      >
        <div ref={host} className="lines-plot" style={{ height }} aria-hidden="true" />
        {pointed !== null && (
          <div
            className="lines-tooltip"
            style={pointed > places / 2 ? { right: width - xOf(pointed) + 12 } : { left: xOf(pointed) + 12 }}
            aria-hidden="true"
          >
            <b>{tickName(axis, tickAt(pointed))}</b>
            {lines.map(({ id, title, line }, i) => (
              <p key={id} data-series={i % SERIES}>
                <span className="series-dot" /> {title} <b>{pointText(line.points[pointed])}</b>
              </p>
            ))}
          </div>
        )}
      </KeyboardGrid>
    </figure>
  )
}

function pointText(point: LinePoint | undefined): string {
  if (point === undefined) return '–'
  const { mean, interval } = point
  if (interval === null) return formatNumber(mean)
  return `${formatNumber(mean)} (${formatNumber(interval[0])} to ${formatNumber(interval[1])})`
}
