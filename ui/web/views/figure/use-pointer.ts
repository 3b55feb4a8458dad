/**
 * What a pointer does on a grid of cells: it hovers, clicks, drags a rectangle, and turns a wheel while
 * Ctrl or ⌘ is held (a wheel alone scrolls the page). A finger clicks; it scrolls the page where a
 * mouse would drag.
 */
import { useEffect, useRef, useState } from 'react'
import type { Geometry } from '../../plot/geometry.ts'

/** From the left and top of the cells, in CSS pixels; `client` is the same from those of the window. */
export interface PlotPoint {
  readonly x: number
  readonly y: number
  readonly clientX: number
  readonly clientY: number
}

interface PointerListeners {
  readonly hover: (at: PlotPoint | null) => void
  readonly click: (at: PlotPoint) => void
  readonly select?: (from: PlotPoint, to: PlotPoint) => void
  readonly wheel?: (at: PlotPoint, nearer: boolean) => void
}

interface Box {
  readonly left: number
  readonly top: number
  readonly width: number
  readonly height: number
}

/** A hand that clicks trembles this much. */
const DRAG_PX = 5
/** A wheel's notch; touchpads tell many small steps that make one. */
const NOTCH = 40

/** Listens on `plot`; returns the rectangle that is being dragged, from the left and top of `plot`. */
export function usePointer(plot: HTMLElement | null, geometry: Geometry, listeners: PointerListeners): Box | null {
  const [box, setBox] = useState<Box | null>(null)
  const latest = useRef({ geometry, listeners })
  useEffect(() => {
    latest.current = { geometry, listeners }
  })

  useEffect(() => {
    const element = plot
    if (element === null) return
    let pressed: PlotPoint | null = null
    let dragging = false
    let turned = 0

    const pointOf = (event: MouseEvent): PlotPoint => {
      const { left, top } = element.getBoundingClientRect()
      const { geometry: place } = latest.current
      const { clientX, clientY } = event
      return { x: clientX - left - place.left, y: clientY - top - place.top, clientX, clientY }
    }
    const inside = ({ x, y }: PlotPoint) => {
      const { innerWidth, innerHeight } = latest.current.geometry
      return x >= 0 && y >= 0 && x < innerWidth && y < innerHeight
    }
    const release = () => {
      pressed = null
      dragging = false
      setBox(null)
    }

    const onMove = (event: PointerEvent) => {
      const at = pointOf(event)
      const { select, hover } = latest.current.listeners
      if (pressed !== null && select !== undefined && event.pointerType !== 'touch') {
        dragging ||= Math.hypot(at.x - pressed.x, at.y - pressed.y) > DRAG_PX
        if (dragging) {
          hover(null)
          setBox(boxOf(pressed, at, latest.current.geometry))
          return
        }
      }
      hover(inside(at) ? at : null)
    }
    const onDown = (event: PointerEvent) => {
      const at = pointOf(event)
      if (event.button !== 0 || !inside(at)) return
      pressed = at
      element.setPointerCapture(event.pointerId)
    }
    const onUp = (event: PointerEvent) => {
      const at = pointOf(event)
      const from = pressed
      const dragged = dragging
      release()
      if (from === null) return
      if (dragged) latest.current.listeners.select?.(from, at)
      else if (inside(at)) latest.current.listeners.click(at)
    }
    const onLeave = () => latest.current.listeners.hover(null)
    const onWheel = (event: WheelEvent) => {
      const { wheel } = latest.current.listeners
      const at = pointOf(event)
      if (wheel === undefined || !(event.ctrlKey || event.metaKey) || !inside(at)) return
      event.preventDefault()
      turned += event.deltaY
      if (Math.abs(turned) < NOTCH) return
      wheel(at, turned < 0)
      turned = 0
    }
    const onKey = (event: KeyboardEvent) => {
      if (event.key !== 'Escape' || !dragging) return
      event.stopPropagation()
      release()
    }

    element.addEventListener('pointermove', onMove)
    element.addEventListener('pointerdown', onDown)
    element.addEventListener('pointerup', onUp)
    element.addEventListener('pointercancel', release)
    element.addEventListener('pointerleave', onLeave)
    element.addEventListener('wheel', onWheel, { passive: false })
    window.addEventListener('keydown', onKey, { capture: true })
    return () => {
      element.removeEventListener('pointermove', onMove)
      element.removeEventListener('pointerdown', onDown)
      element.removeEventListener('pointerup', onUp)
      element.removeEventListener('pointercancel', release)
      element.removeEventListener('pointerleave', onLeave)
      element.removeEventListener('wheel', onWheel)
      window.removeEventListener('keydown', onKey, { capture: true })
    }
  }, [plot])

  return box
}

function boxOf(from: PlotPoint, to: PlotPoint, { left, top, innerWidth, innerHeight }: Geometry): Box {
  const x = [from.x, Math.min(innerWidth, Math.max(0, to.x))]
  const y = [from.y, Math.min(innerHeight, Math.max(0, to.y))]
  return {
    left: left + Math.min(...x),
    top: top + Math.min(...y),
    width: Math.max(...x) - Math.min(...x),
    height: Math.max(...y) - Math.min(...y),
  }
}
