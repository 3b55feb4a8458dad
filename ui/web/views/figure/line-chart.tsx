/** Lines with bands over one axis: an SVG inside a grid that keyboards and screen readers can walk. */
import { type MouseEvent, useMemo, useState } from 'react'
import type { Axis } from '../../../../studies/figure.ts'
import { formatNumber } from '../../format.ts'
import { LABEL_PX, TICK_PX } from '../../plot/geometry.ts'
import { bandPath, type ChartGeometry, chartGeometry, linePath } from '../../plot/line-geometry.ts'
import type { Line, LinePoint } from '../../plot/lines.ts'
import { tickName } from '../../plot/panels.ts'
import type { Place } from '../../plot/shown.ts'
import type { ScaleChoice } from '../../services/look.ts'
import { KeyboardGrid } from './keyboard-grid.tsx'
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

/** Colours of their own, and dashes for those who do not see them; more lines begin again. */
export const SERIES = 7

export function LineChart({ name, metric, width, help, lines, axis, scale }: LineChartProps) {
  const [cursor, setCursor] = useState<Place | null>(null)
  const [hovered, setHovered] = useState<number | null>(null)
  const geometry = useMemo(
    () =>
      chartGeometry(
        lines.map(({ line }) => line),
        axis,
        width,
        scale,
      ),
    [lines, axis, width, scale],
  )
  const { left, top, innerWidth, innerHeight } = geometry
  const places = lines[0]?.line.points.length ?? 0
  const unit = lines[0]?.unit ?? ''
  if (places === 0) return <p className="heatmap-empty muted">Nothing is chosen here.</p>
  const tickAt = (place: number) => lines[0]?.line.points[place]?.tick ?? 0
  const describe = ({ column, row }: Place) => {
    const point = lines[row]?.line.points[column]
    return `${lines[row]?.title}, ${tickName(axis, tickAt(column))}: ${point === undefined ? '–' : pointText(point)} ${unit}`
  }
  const hover = (event: MouseEvent<SVGSVGElement>) => {
    const x = event.clientX - event.currentTarget.getBoundingClientRect().left - left
    const place = Math.floor((x / innerWidth) * places)
    setHovered(place >= 0 && place < places ? place : null)
  }
  const pointed = hovered ?? cursor?.column ?? null
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
        <svg
          className="lines-plot"
          width={width}
          height={geometry.height}
          aria-hidden="true"
          onMouseMove={hover}
          onMouseLeave={() => setHovered(null)}
        >
          <ChartAxes geometry={geometry} label={axis.label} metric={`${metric} [${unit}]`} />
          <svg x={left} y={top} width={innerWidth} height={innerHeight} aria-hidden="true">
            {lines.map(({ id, line }, i) => (
              <path key={id} className="series-band" data-series={i % SERIES} d={bandPath(line.points, geometry)} />
            ))}
            {lines.map(({ id, line }, i) => (
              <path key={id} className="series-line" data-series={i % SERIES} d={linePath(line.points, geometry)} />
            ))}
            {pointed !== null && <path className="lines-cursor" d={`M${geometry.xOf(pointed)},0V${innerHeight}`} />}
            {lines.map(({ id, line }, i) => (
              <Dots
                key={id}
                series={i % SERIES}
                points={line.points}
                geometry={geometry}
                all={places * 8 < innerWidth}
                pointed={pointed}
                here={cursor?.row === i}
              />
            ))}
          </svg>
        </svg>
        {pointed !== null && (
          <div
            className="lines-tooltip"
            style={
              geometry.xOf(pointed) > innerWidth / 2
                ? { right: width - left - geometry.xOf(pointed) + 12 }
                : { left: left + geometry.xOf(pointed) + 12 }
            }
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

interface ChartAxesProps {
  readonly geometry: ChartGeometry
  readonly label: string
  readonly metric: string
}

function ChartAxes({ geometry, label, metric }: ChartAxesProps) {
  const { left, top, innerWidth, innerHeight, height, xTicks, yTicks, tilted, zero } = geometry
  const below = top + innerHeight
  return (
    <g className="lines-axes" fontSize={TICK_PX}>
      {yTicks.map(({ at, text }) => (
        <g key={text}>
          <path className="lines-rule" d={`M${left},${top + at}h${innerWidth}`} />
          <text x={left - 6} y={top + at} dy="0.35em" textAnchor="end">
            {text}
          </text>
        </g>
      ))}
      {zero !== null && <path className="lines-zero" d={`M${left},${top + zero}h${innerWidth}`} />}
      {xTicks.map(({ at, text, tick }) =>
        tilted ? (
          <text key={tick} transform={`translate(${left + at} ${below + 5}) rotate(-90)`} dy="0.35em" textAnchor="end">
            {text}
          </text>
        ) : (
          <text key={tick} x={left + at} y={below + 5 + 0.8 * TICK_PX} textAnchor="middle">
            {text}
          </text>
        ),
      )}
      <text x={left + innerWidth / 2} y={height - 3} fontSize={LABEL_PX} textAnchor="middle">
        {label}
      </text>
      <text
        transform={`translate(${LABEL_PX} ${top + innerHeight / 2}) rotate(-90)`}
        fontSize={LABEL_PX}
        textAnchor="middle"
      >
        {metric}
      </text>
    </g>
  )
}

interface DotsProps {
  readonly series: number
  readonly points: readonly LinePoint[]
  readonly geometry: ChartGeometry
  /** A dot at each point; else at the one that is pointed at. */
  readonly all: boolean
  readonly pointed: number | null
  /** Whether the keyboard's cursor is on this line. */
  readonly here: boolean
}

function Dots({ series, points, geometry, all, pointed, here }: DotsProps) {
  const drawn = all ? points.map((point, place) => ({ point, place })) : []
  const one = pointed === null ? undefined : points[pointed]
  if (!all && one !== undefined && pointed !== null) drawn.push({ point: one, place: pointed })
  return drawn.map(({ point, place }) =>
    Number.isNaN(point.mean) ? null : (
      <circle
        key={place}
        className="series-dot"
        data-series={series}
        cx={geometry.xOf(place)}
        cy={geometry.yOf(point.mean)}
        r={place === pointed ? (here ? 6 : 4) : 2.5}
      />
    ),
  )
}

function pointText(point: LinePoint | undefined): string {
  if (point === undefined) return '–'
  const { mean, interval } = point
  if (interval === null) return formatNumber(mean)
  return `${formatNumber(mean)} (${formatNumber(interval[0])} to ${formatNumber(interval[1])})`
}
