/** Ticks and names of a grid's axes: text, whatever a token holds, and drawn again only when they change. */
import { memo } from 'react'
import type { Shown } from '../../../figures/shown.ts'
import { type Geometry, LABEL_PX, TICK_PX } from '../../plot/geometry.ts'

interface AxesProps {
  readonly shown: Shown
  readonly geometry: Geometry
}

export const Axes = memo(function Axes({ shown, geometry }: AxesProps) {
  const { width, height, left, top, innerWidth, innerHeight, xTicks, yTicks, tilted } = geometry
  const below = top + innerHeight
  return (
    <svg className="axes" width={width} height={height} aria-hidden="true">
      <g className="x-ticks" fontSize={TICK_PX}>
        {xTicks.map(({ at, text, tick }) =>
          tilted ? (
            <text
              key={tick}
              transform={`translate(${left + at} ${below + 5}) rotate(-90)`}
              dy="0.35em"
              textAnchor="end"
            >
              {text}
            </text>
          ) : (
            <text key={tick} x={left + at} y={below + 5 + 0.8 * TICK_PX} textAnchor="middle">
              {text}
            </text>
          ),
        )}
      </g>
      <g className="y-ticks" fontSize={TICK_PX}>
        {yTicks.map(({ at, text, tick }) => (
          <text key={tick} x={left - 5} y={top + at} dy="0.35em" textAnchor="end">
            {text}
          </text>
        ))}
      </g>
      <text x={left + innerWidth / 2} y={height - 4} fontSize={LABEL_PX} textAnchor="middle">
        {shown.spec[shown.across].label}
      </text>
      <text
        transform={`translate(${LABEL_PX - 2} ${top + innerHeight / 2}) rotate(-90)`}
        fontSize={LABEL_PX}
        textAnchor="middle"
      >
        {shown.spec[shown.down].label}
      </text>
    </svg>
  )
})
