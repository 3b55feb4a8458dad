/**
 * Plotly in a React component: drawn when data, size or theme change; only the frame around the
 * cursor when it moves; and taken down with the component.
 */
import type { PlotElement, PlotEvent } from 'plotly.js-cartesian-dist-min'
import { type RefObject, useEffect, useMemo, useRef } from 'react'
import type { FigureView } from '../../../client/run-view.ts'
import { type Colouring, cellFrame, panelData, panelHeight, panelLayout } from '../../plot/figure.ts'
import { plotInk } from '../../plot/ink.ts'
import { loadPlotly, PLOT_CONFIG } from '../../plot/plotly.ts'
import { useTheme } from '../../services/theme.ts'
import { toastError } from '../../services/toasts.ts'

interface PlotInput {
  readonly host: RefObject<HTMLDivElement | null>
  readonly panel: FigureView
  readonly colouring: Colouring
  readonly width: number
  readonly seen: boolean
  /** Cells with a frame. */
  readonly framed: readonly number[]
}

interface PlotListeners {
  readonly hover: (index: number | null, clientX: number, clientY: number) => void
  readonly click: (index: number) => void
}

/** Draws the panel into `host`; returns the height that it takes, in CSS pixels. */
export function usePlot(input: PlotInput, listeners: PlotListeners): number {
  const { host, panel, colouring, width, seen, framed } = input
  const ink = plotInk(useTheme())
  const { spec } = panel
  const height = useMemo(() => panelHeight(spec, width), [spec, width])
  const shapes = useMemo(() => framed.flatMap(index => cellFrame(spec, index, ink)), [spec, framed, ink])

  const latest = useRef({ listeners, shapes, columns: spec.x.ticks.length })
  useEffect(() => {
    latest.current = { listeners, shapes, columns: spec.x.ticks.length }
  })
  const drawn = useRef<PlotElement | null>(null)

  useEffect(() => {
    const element = host.current
    if (element === null || !seen || width === 0) return
    let stale = false
    const draw = async () => {
      const plotly = await loadPlotly()
      if (stale) return
      const layout = { ...panelLayout(spec, { width, height }, ink), shapes: latest.current.shapes }
      const plot = await plotly.react(element, panelData(panel, colouring), layout, PLOT_CONFIG)
      if (drawn.current !== null) return
      drawn.current = plot
      const cellOf = (event: PlotEvent) => {
        const point = event.points[0]
        return point === undefined ? null : point.y * latest.current.columns + point.x
      }
      plot.on('plotly_hover', event =>
        latest.current.listeners.hover(cellOf(event), event.event.clientX, event.event.clientY),
      )
      plot.on('plotly_unhover', () => latest.current.listeners.hover(null, 0, 0))
      plot.on('plotly_click', event => {
        const index = cellOf(event)
        if (index !== null) latest.current.listeners.click(index)
      })
    }
    draw().catch(toastError)
    return () => {
      stale = true
    }
  }, [host, panel, spec, colouring, width, height, seen, ink])

  useEffect(() => {
    const plot = drawn.current
    if (plot !== null)
      loadPlotly()
        .then(plotly => plotly.relayout(plot, { shapes }))
        .catch(toastError)
  }, [shapes])

  useEffect(() => {
    const element = host.current
    return () => {
      drawn.current = null
      if (element !== null)
        loadPlotly().then(
          plotly => plotly.purge(element),
          () => {},
        )
    }
  }, [host])

  return height
}
