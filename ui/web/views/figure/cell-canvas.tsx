/** The cells themselves: one canvas, painted anew when values, colours, size or choice of cells change. */
import { useEffect, useRef } from 'react'
import type { FigureView } from '../../../client/run-view.ts'
import type { Shown } from '../../../figures/shown.ts'
import type { Geometry } from '../../plot/geometry.ts'
import { CROSS, type DrawnMark, drawnMarks } from '../../plot/marks.ts'
import { type CellPixels, type Colouring, paintCells } from '../../plot/paint.ts'

interface CellCanvasProps {
  readonly panel: FigureView
  readonly shown: Shown
  readonly geometry: Geometry
  readonly colouring: Colouring
  /** Nothing is painted off the screen. */
  readonly seen: boolean
}

const DARK_INK = '#111111'
const LIGHT_INK = '#ffffff'

export function CellCanvas({ panel, shown, geometry, colouring, seen }: CellCanvasProps) {
  const canvas = useRef<HTMLCanvasElement>(null)
  const { left, top, innerWidth, innerHeight } = geometry
  useEffect(() => {
    const context = canvas.current?.getContext('2d') ?? null
    if (!seen || context === null) return
    const density = window.devicePixelRatio
    const room = { width: Math.round(innerWidth * density), height: Math.round(innerHeight * density) }
    resize(context.canvas, room)
    paint(context, paintCells(shown, panel, colouring, room))
    const marks = drawnMarks(shown, panel, colouring, { innerWidth, innerHeight })
    if (marks !== null) drawMarks(context, marks, shown, density)
  }, [panel, shown, colouring, innerWidth, innerHeight, seen])
  return <canvas ref={canvas} className="cells" style={{ left, top, width: innerWidth, height: innerHeight }} />
}

interface Size {
  readonly width: number
  readonly height: number
}

function resize(canvas: HTMLCanvasElement, { width, height }: Size): void {
  if (canvas.width !== width) canvas.width = width
  if (canvas.height !== height) canvas.height = height
}

/** One for all canvases of the page: it holds a picture between two statements only. */
let scratch: HTMLCanvasElement | null = null

function paint(context: CanvasRenderingContext2D, { width, height, rgba }: CellPixels): void {
  const { canvas } = context
  const image = new ImageData(rgba, width, height)
  if (width === canvas.width && height === canvas.height) {
    context.putImageData(image, 0, 0)
    return
  }
  scratch ??= document.createElement('canvas')
  resize(scratch, { width: Math.max(width, scratch.width), height: Math.max(height, scratch.height) })
  scratch.getContext('2d', { willReadFrequently: true })?.putImageData(image, 0, 0)
  context.clearRect(0, 0, canvas.width, canvas.height)
  context.imageSmoothingEnabled = false
  context.drawImage(scratch, 0, 0, width, height, 0, 0, canvas.width, canvas.height)
}

function drawMarks(
  context: CanvasRenderingContext2D,
  marks: readonly DrawnMark[],
  shown: Shown,
  density: number,
): void {
  const { width, height } = context.canvas
  const stepX = width / shown.columns.length
  const stepY = height / shown.rows.length
  const reach = Math.min(4 * density, 0.32 * stepX, 0.32 * stepY)
  context.lineWidth = Math.max(1, 1.2 * density)
  context.textAlign = 'center'
  context.textBaseline = 'middle'
  context.font = `${Math.round(Math.min(12 * density, 0.9 * stepX, 0.9 * stepY))}px sans-serif`
  for (const dark of [true, false]) {
    context.strokeStyle = dark ? DARK_INK : LIGHT_INK
    context.fillStyle = context.strokeStyle
    // Crosses of one ink are one path: thousands are drawn at the price of one.
    context.beginPath()
    for (const mark of marks) {
      if (mark.dark !== dark) continue
      const x = (mark.column + 0.5) * stepX
      const y = (mark.row + 0.5) * stepY
      if (mark.symbol === CROSS) {
        context.moveTo(x - reach, y - reach)
        context.lineTo(x + reach, y + reach)
        context.moveTo(x + reach, y - reach)
        context.lineTo(x - reach, y + reach)
      } else context.fillText(mark.symbol, x, y)
    }
    context.stroke()
  }
}
