/** Plotly in a React component: drawn when data, size or theme change, and taken down with the component. */
import type { PlotElement } from 'plotly.js-cartesian-dist-min'
import { type RefObject, useEffect, useMemo, useRef } from 'react'
import type { Axis } from '../../../../studies/figure.ts'
import { type LineFrame, type LineInk, lineFrame, lineTraces } from '../../plot/line-traces.ts'
import type { Line } from '../../plot/lines.ts'
import { loadPlotly, PLOT_CONFIG } from '../../plot/plotly.ts'
import type { ScaleChoice } from '../../services/look.ts'
import { type Theme, useTheme } from '../../services/theme.ts'
import { toastError } from '../../services/toasts.ts'

/** Colours of their own, and dashes for those who do not see them; more lines begin again. */
export const SERIES = 7
/** Plotly measures text in its own way and wants a plain list. */
const FONT = 'system-ui, -apple-system, "Segoe UI", "Noto Sans", "DejaVu Sans", sans-serif'

interface LinesInput {
  readonly host: RefObject<HTMLDivElement | null>
  readonly lines: readonly Line[]
  readonly axis: Axis
  readonly metric: string
  readonly scale: ScaleChoice
  readonly width: number
  /** The place under the pointer or the keyboard's cursor. */
  readonly pointed: number | null
  readonly onHover: (place: number | null) => void
}

/** Draws the lines into `host`; says where they stand. */
export function useLines({ host, lines, axis, metric, scale, width, pointed, onHover }: LinesInput): LineFrame {
  const theme = useTheme()
  const ink = useMemo(() => inkOf(theme), [theme])
  const frame = useMemo(
    () => lineFrame(lines, axis, metric, scale, width, ink),
    [lines, axis, metric, scale, width, ink],
  )
  const shapes = useMemo(() => (pointed === null ? [] : [cursorAt(pointed, ink)]), [pointed, ink])
  const latest = useRef({ onHover, shapes })
  useEffect(() => {
    latest.current = { onHover, shapes }
  })
  const drawn = useRef<PlotElement | null>(null)

  useEffect(() => {
    const element = host.current
    if (element === null) return
    let stale = false
    const draw = async () => {
      const plotly = await loadPlotly()
      if (stale) return
      const layout = { ...frame.layout, shapes: latest.current.shapes }
      const plot = await plotly.react(element, lineTraces(lines, width, ink), layout, PLOT_CONFIG)
      if (drawn.current !== null) return
      drawn.current = plot
      plot.on('plotly_hover', event => latest.current.onHover(event.points[0]?.x ?? null))
      plot.on('plotly_unhover', () => latest.current.onHover(null))
    }
    draw().catch(toastError)
    return () => {
      stale = true
    }
  }, [host, frame, lines, width, ink])

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

  return frame
}

/** A line from top to bottom. */
function cursorAt(place: number, ink: LineInk) {
  const line = { color: ink.zero, width: 1, dash: '3px,3px' }
  return { type: 'line', xref: 'x', yref: 'paper', x0: place, x1: place, y0: 0, y1: 1, line }
}

/** The theme's colours, which are set on the document before anyone is told of them. */
function inkOf(_theme: Theme): LineInk {
  const style = window.getComputedStyle(document.documentElement)
  const colour = (name: string) => style.getPropertyValue(name).trim()
  return {
    text: colour('--ink-soft'),
    rule: colour('--line'),
    zero: colour('--ink-faint'),
    font: FONT,
    series: Array.from({ length: SERIES }, (_, index) => colour(`--series-${index}`)),
  }
}
