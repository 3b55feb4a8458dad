/** One panel's shapes: its cells, marks, annotations, axes, and its letter with its title. */
import type { FigureSpec } from '../../studies/figure.ts'
import type { AxisLayout } from './axis-layout.ts'
import { cellColour, cellRuns } from './cells.ts'
import { type ColourRange, type Scale, takesDarkInk } from './colours.ts'
import { elementId } from './draw-bar.ts'
import type { PanelLayout } from './layout.ts'
import { GAP, type Measure, TICK } from './metrics.ts'
import type { Annotation, RunFigure } from './picture.ts'
import { FRAME, INK, PAPER, type Shape, text, turned } from './scene.ts'

interface PanelOptions {
  readonly font: number
  readonly scale: Scale
  readonly range: ColourRange
  readonly title: { readonly letter: string; readonly words: string } | null
  readonly annotations: readonly Annotation[]
  readonly measure: Measure
}

const LINE_WIDTH = 0.6

export function drawPanel(figure: RunFigure, panel: PanelLayout, options: PanelOptions): readonly Shape[] {
  const { spec, values } = figure
  const { left, top, width, height } = panel
  const columns = spec.x.ticks.length
  const rows = spec.y.ticks.length
  return [
    ...titleShapes(panel, options),
    {
      kind: 'cells',
      id: `${elementId(spec.id)}-grid`,
      left,
      top,
      width,
      height,
      columns,
      rows,
      colours: cellRuns(values, columns, rows, options.scale, options.range),
    },
    ...markShapes(figure, panel, options),
    { kind: 'rect', left, top, width, height, stroke: FRAME, strokeWidth: LINE_WIDTH },
    ...columnShapes(spec, panel, options.font),
    ...rowShapes(spec, panel, options.font),
    ...options.annotations.flatMap(note => annotationShapes(spec, panel, note, options)),
  ]
}

function titleShapes({ left, width, titleAt }: PanelLayout, { font, title, measure }: PanelOptions): Shape[] {
  if (titleAt === null || title === null) return []
  const { letter, words } = title
  const indent = measure(`${letter} `) * font * 1.06
  const size = Math.min(font, Math.max(5, (width - indent) / Math.max(1, measure(words))))
  return [{ ...text(letter, left, titleAt, font), weight: 700 }, text(words, left + indent, titleAt, size)]
}

/** One shape a row, symbol and ink. */
function markShapes({ spec, values, marks }: RunFigure, panel: PanelLayout, options: PanelOptions): Shape[] {
  const columns = spec.x.ticks.length
  const cellWidth = panel.width / columns
  const cellHeight = panel.height / spec.y.ticks.length
  const size = Math.min(options.font, cellHeight * 0.95, cellWidth * 1.3)
  const lines = new Map<string, { symbol: string; ink: string; y: number; xs: number[] }>()
  for (let index = 0; index < marks.length; index++) {
    const symbol = spec.marks[(marks[index] ?? 0) - 1]?.symbol
    if (symbol === undefined) continue
    const row = Math.floor(index / columns)
    const dark = takesDarkInk(cellColour(values[index] ?? Number.NaN, options.scale, options.range))
    const ink = dark ? INK : PAPER
    const key = `${row} ${ink} ${symbol}`
    const line = lines.get(key) ?? { symbol, ink, y: panel.top + (row + 0.5) * cellHeight + size * 0.34, xs: [] }
    line.xs.push(panel.left + ((index % columns) + 0.5) * cellWidth)
    lines.set(key, line)
  }
  return [...lines.values()].map(line => ({ kind: 'marks', size, ...line }))
}

function columnShapes({ x: axis }: FigureSpec, { left, top, width, height, x }: PanelLayout, font: number): Shape[] {
  if (x === null) return []
  const bottom = top + height
  const label = bottom + TICK + GAP
  return [
    ticks(x, at => [left + at, bottom, left + at, bottom + TICK]),
    ...x.ticks.map(({ at, text: words }) =>
      x.upright
        ? turned(words, left + at + x.font * 0.35, label, x.font, 'end')
        : text(words, left + at, label + x.font * 0.75, x.font, 'middle'),
    ),
    text(axis.label, left + width / 2, bottom + x.labelAt, font, 'middle'),
  ]
}

function rowShapes({ y: axis }: FigureSpec, { left, top, height, y }: PanelLayout, font: number): Shape[] {
  if (y === null) return []
  return [
    ticks(y, at => [left, top + at, left - TICK, top + at]),
    ...y.ticks.map(({ at, text: words }) => text(words, left - TICK - GAP, top + at + y.font * 0.35, y.font, 'end')),
    turned(axis.label, left - y.labelAt, top + height / 2, font, 'middle'),
  ]
}

function ticks(axis: AxisLayout, segment: (at: number) => readonly [number, number, number, number]): Shape {
  return {
    kind: 'lines',
    colour: FRAME,
    width: LINE_WIDTH,
    segments: axis.ticks.map(({ at }) => segment(at)),
  }
}

/** A frame around the cell, and the words on paper beside it, on the side that has room. */
function annotationShapes(spec: FigureSpec, panel: PanelLayout, note: Annotation, options: PanelOptions): Shape[] {
  const { font, measure } = options
  const cellWidth = panel.width / spec.x.ticks.length
  const cellHeight = panel.height / spec.y.ticks.length
  const left = panel.left + note.column * cellWidth
  const top = panel.top + note.row * cellHeight
  const frame: Shape = {
    kind: 'rect',
    left,
    top,
    width: cellWidth,
    height: cellHeight,
    stroke: INK,
    strokeWidth: 1,
  }
  if (note.text === '') return [frame]
  const wide = measure(note.text) * font + 2 * GAP
  const rightward = left + cellWidth + GAP + wide <= panel.left + panel.width
  const start = rightward ? left + cellWidth + GAP : Math.max(panel.left, left - GAP - wide)
  const middle = top + cellHeight / 2
  return [
    frame,
    {
      kind: 'rect',
      left: start,
      top: middle - font * 0.65,
      width: wide,
      height: font * 1.3,
      fill: PAPER,
      stroke: INK,
      strokeWidth: 0.4,
    },
    text(note.text, start + GAP, middle + font * 0.35, font),
  ]
}
