/** One heatmap: Plotly's picture inside a grid that keyboards and screen readers can walk. */
import { useEffect, useMemo, useRef, useState } from 'react'
import type { FigureView } from '../../../client/run-view.ts'
import type { Colouring } from '../../plot/figure.ts'
import { useSeen, useWidth } from '../../services/size.ts'
import { CellTooltip, type HoveredCell } from './cell-tooltip.tsx'
import { KeyboardGrid } from './keyboard-grid.tsx'
import { usePlot } from './use-plot.ts'

interface HeatmapProps {
  readonly panel: FigureView
  readonly colouring: Colouring
  readonly selected: number | null
  readonly onOpen: (index: number) => void
  readonly onHover: (index: number | null) => void
}

export function Heatmap({ panel, colouring, selected, onOpen, onHover }: HeatmapProps) {
  const frame = useRef<HTMLDivElement>(null)
  const host = useRef<HTMLDivElement>(null)
  const width = useWidth(frame)
  const seen = useSeen(frame)
  const [cursor, setCursor] = useState<number | null>(null)
  const [hovered, setHovered] = useState<HoveredCell | null>(null)

  const framed = useMemo(() => [...new Set([selected, cursor])].filter(index => index !== null), [selected, cursor])
  const height = usePlot(
    { host, panel, colouring, width, seen, framed },
    {
      hover: (index, x, y) => setHovered(index === null ? null : { index, x, y }),
      click: index => {
        setCursor(null)
        // The page makes room for the cell: what is under the pointer then is another place.
        setHovered(null)
        onOpen(index)
      },
    },
  )
  const pointed = hovered?.index ?? cursor
  useEffect(() => onHover(pointed), [pointed, onHover])

  return (
    <KeyboardGrid frame={frame} panel={panel} cursor={cursor} selected={selected} onMove={setCursor} onOpen={onOpen}>
      <div ref={host} className="heatmap-plot" style={{ height }} aria-hidden="true" />
      {hovered !== null && <CellTooltip panel={panel} at={hovered} />}
    </KeyboardGrid>
  )
}
