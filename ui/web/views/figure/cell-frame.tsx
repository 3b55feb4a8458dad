/** The frame around a cell: two lines, dark and light, so that it shows on any colour. */

import type { Place, Shown } from '../../../figures/shown.ts'
import type { Geometry } from '../../plot/geometry.ts'

interface CellFrameProps {
  readonly kind: 'cursor' | 'selected' | 'linked'
  readonly at: Place | null
  readonly shown: Shown
  readonly geometry: Geometry
}

/** A cell of less than a pixel still has a frame that can be seen. */
const LEAST_PX = 5

export function CellFrame({ kind, at, shown, geometry }: CellFrameProps) {
  if (at === null) return null
  const stepX = geometry.innerWidth / shown.columns.length
  const stepY = geometry.innerHeight / shown.rows.length
  const width = Math.max(LEAST_PX, stepX)
  const height = Math.max(LEAST_PX, stepY)
  return (
    <span
      className="cell-frame"
      data-kind={kind}
      style={{
        left: geometry.left + (at.column + 0.5) * stepX - width / 2,
        top: geometry.top + (at.row + 0.5) * stepY - height / 2,
        width,
        height,
      }}
    />
  )
}
