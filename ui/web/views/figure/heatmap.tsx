/** One heatmap: cells, axes, the frames around cells, and a grid around it all for keyboards and screen readers. */
import { useEffect, useMemo, useRef, useState } from 'react'
import type { FigureView } from '../../../client/run-view.ts'
import { cellAt, type Place, placeOf, type Selection, shownCells } from '../../../figures/shown.ts'
import { formatNumber } from '../../format.ts'
import { geometryOf, nearestPlace } from '../../plot/geometry.ts'
import { type Colouring, cellSeenAt } from '../../plot/paint.ts'
import { cellName } from '../../plot/panels.ts'
import { panBy, zoomBy, zoomTo } from '../../plot/zoom.ts'
import { type FigureLook, PLAIN_FIGURE } from '../../services/look.ts'
import { useSeen, useWidth } from '../../services/size.ts'
import { Axes } from './axes.tsx'
import { CellCanvas } from './cell-canvas.tsx'
import { CellFrame } from './cell-frame.tsx'
import { CellTooltip, type HoveredCell } from './cell-tooltip.tsx'
import { KeyboardGrid } from './keyboard-grid.tsx'
import { type PlotPoint, usePointer } from './use-pointer.ts'

interface HeatmapProps {
  readonly panel: FigureView
  /** Which of its cells are shown, and which way round. @default all, as they lie */
  readonly look?: Selection
  readonly colouring: Colouring
  /** The cell that is open. */
  readonly selected: number | null
  /** The cell that is pointed at in a panel with the same axes. */
  readonly linked?: number | null
  /** The id of what says how the keys work. */
  readonly help?: string
  readonly onOpen: (index: number) => void
  readonly onHover: (index: number | null) => void
  /** Without it, what is shown cannot be changed here. */
  readonly onZoom?: ((zoom: FigureLook['zoom']) => void) | undefined
}

const ZOOM_STEP = 2
const ALL = PLAIN_FIGURE.zoom

export function Heatmap(props: HeatmapProps) {
  const { panel, look = PLAIN_FIGURE, colouring, selected, linked = null, help, onOpen, onHover, onZoom } = props
  const { spec, values } = panel
  const { transpose, layers, tokens, zoom } = look
  const frame = useRef<HTMLDivElement>(null)
  const [plot, setPlot] = useState<HTMLDivElement | null>(null)
  const width = useWidth(frame)
  const seen = useSeen(frame)
  const whole = useMemo(
    () => shownCells(spec, { transpose, layers, tokens, zoom: ALL }),
    [spec, transpose, layers, tokens],
  )
  const shown = useMemo(
    () => (zoom.x === null && zoom.y === null ? whole : shownCells(spec, { transpose, layers, tokens, zoom })),
    [whole, spec, transpose, layers, tokens, zoom],
  )
  const geometry = useMemo(() => geometryOf(shown, width), [shown, width])
  const [cursor, setCursor] = useState<number | null>(null)
  const [hovered, setHovered] = useState<HoveredCell | null>(null)

  const seenAt = (point: PlotPoint) => cellSeenAt(shown, panel, colouring.scale, geometry, point)
  const nearest = ({ x, y }: PlotPoint): Place => nearestPlace(shown, geometry, x, y)
  const drag = usePointer(plot, geometry, {
    hover: point => {
      const index = point === null ? null : seenAt(point)
      setHovered(point === null || index === null ? null : { index, x: point.clientX, y: point.clientY })
    },
    click: point => {
      const index = seenAt(point)
      if (index === null) return
      setCursor(null)
      // The page makes room for the cell: what is under the pointer then is another place.
      setHovered(null)
      onOpen(index)
    },
    ...(onZoom === undefined
      ? {}
      : {
          select: (from: PlotPoint, to: PlotPoint) => onZoom(zoomTo(shown, nearest(from), nearest(to))),
          wheel: (at: PlotPoint, nearer: boolean) =>
            onZoom(zoomBy(shown, whole, nearest(at), nearer ? ZOOM_STEP : 1 / ZOOM_STEP)),
        }),
  })

  const pointed = hovered?.index ?? cursor
  useEffect(() => onHover(pointed), [pointed, onHover])

  const place = (index: number | null) => (index === null ? null : placeOf(shown, index))
  const none = shown.columns.length === 0 || shown.rows.length === 0
  return (
    <div ref={frame} className="heatmap">
      {none && <p className="heatmap-empty muted">{whyEmpty(look)}</p>}
      {!none && width > 0 && (
        <KeyboardGrid
          name={spec.title}
          help={help}
          rows={shown.rows.length}
          columns={shown.columns.length}
          cursor={place(cursor)}
          selected={place(selected)}
          describe={at => {
            const index = cellAt(shown, at.column, at.row)
            return `${cellName(spec, index)}: ${formatNumber(values[index] ?? Number.NaN)} ${spec.unit}`
          }}
          onMove={to => setCursor(to === null ? null : cellAt(shown, to.column, to.row))}
          onOpen={at => onOpen(cellAt(shown, at.column, at.row))}
          onLeave={(from, columns, rows) => {
            if (onZoom === undefined) return
            const panned = panBy(shown, whole, columns, rows)
            onZoom(panned)
            setCursor(cellAt(shownCells(spec, { ...look, zoom: panned }), from.column, from.row))
          }}
          onZoom={
            onZoom === undefined
              ? undefined
              : (how, at) =>
                  onZoom(how === 'all' ? ALL : zoomBy(shown, whole, at, how === 'in' ? ZOOM_STEP : 1 / ZOOM_STEP))
          }
        >
          <div ref={setPlot} className="plot" style={{ height: geometry.height }} aria-hidden="true">
            <Axes shown={shown} geometry={geometry} />
            <CellCanvas panel={panel} shown={shown} geometry={geometry} colouring={colouring} seen={seen} />
            <CellFrame
              kind="linked"
              at={hovered === null && cursor === null ? place(linked) : null}
              {...{ shown, geometry }}
            />
            <CellFrame kind="selected" at={place(selected)} {...{ shown, geometry }} />
            <CellFrame kind="cursor" at={place(cursor ?? hovered?.index ?? null)} {...{ shown, geometry }} />
            {drag !== null && <span className="zoom-box" style={drag} />}
          </div>
          {hovered !== null && <CellTooltip panel={panel} at={hovered} />}
        </KeyboardGrid>
      )}
    </div>
  )
}

function whyEmpty({ tokens, layers, zoom }: Selection): string {
  if (tokens !== '') return `No label here holds “${tokens}”.`
  return layers !== null && zoom !== ALL ? 'No layer is both chosen and zoomed to.' : 'Nothing is chosen here.'
}
