/**
 * Which cells of a figure a reader looks at, and where they stand: layers, tokens and zoom leave ticks
 * out, a transposed figure has its rows for columns. Whatever is shown, on the page or in a picture, a
 * cell keeps the index that it has in the figure: values, drawer, address and numbers all speak of that.
 */
import type { AxisKind, FigureSpec } from '../../studies/figure.ts'

export type AxisName = 'x' | 'y'

/** A grid of cells on the screen. */
export interface Shown {
  readonly spec: FigureSpec
  /** The figure's axis that runs from left to right, and its ticks that are shown, ascending. */
  readonly across: AxisName
  readonly columns: readonly number[] // [columns] ticks of the axis `across`
  /** The other axis, from top to bottom. */
  readonly down: AxisName
  readonly rows: readonly number[] // [rows] ticks of the axis `down`
}

export interface Place {
  readonly column: number
  readonly row: number
}

/** Ticks of an axis, first and last included. */
export interface TickRange {
  readonly first: number
  readonly last: number
}

export interface Selection {
  /** Columns and rows change places. */
  readonly transpose: boolean
  /** Ticks of the layer axis that are shown; null for all. */
  readonly layers: TickRange | null
  /** Ticks whose label holds this text are shown; empty for all. */
  readonly tokens: string
  /** What is zoomed to, as ticks of the figure's own axes, whatever is transposed or left out. */
  readonly zoom: { readonly x: TickRange | null; readonly y: TickRange | null }
}

/** Labels are searched where they say something: tokens first. */
const LABELLED: readonly AxisKind[] = ['position', 'component', 'neuron']

export function shownCells(spec: FigureSpec, selection: Selection): Shown {
  const x = shownTicks(spec, 'x', selection)
  const y = shownTicks(spec, 'y', selection)
  return selection.transpose
    ? { spec, across: 'y', columns: y, down: 'x', rows: x }
    : { spec, across: 'x', columns: x, down: 'y', rows: y }
}

/** The cell at a place, by its index in the figure. */
export function cellAt({ spec, across, columns, rows }: Shown, column: number, row: number): number {
  const a = columns[column] ?? 0
  const d = rows[row] ?? 0
  const width = spec.x.ticks.length
  return across === 'x' ? d * width + a : a * width + d
}

/** Where a cell stands; null where it is not shown. */
export function placeOf({ spec, across, columns, rows }: Shown, index: number): Place | null {
  const width = spec.x.ticks.length
  const x = index % width
  const y = Math.floor(index / width)
  const column = find(columns, across === 'x' ? x : y)
  const row = find(rows, across === 'x' ? y : x)
  return column < 0 || row < 0 ? null : { column, row }
}

/** The axis whose ticks are layers. */
export function layerAxis(spec: FigureSpec): AxisName | null {
  return spec.y.kind === 'layer' ? 'y' : spec.x.kind === 'layer' ? 'x' : null
}

/** The axis whose labels can be searched. */
export function labelAxis(spec: FigureSpec): AxisName | null {
  for (const kind of LABELLED) {
    if (spec.x.kind === kind) return 'x'
    if (spec.y.kind === kind) return 'y'
  }
  return null
}

/** Whether a label holds a text, letters' case and the sign for a space aside. */
export function labelMatches(label: string, text: string): boolean {
  return plain(label).includes(plain(text))
}

const plain = (text: string) => text.replaceAll('·', ' ').toLocaleLowerCase('en')

function shownTicks(spec: FigureSpec, name: AxisName, selection: Selection): readonly number[] {
  const { ticks } = spec[name]
  const range = within(selection.zoom[name], ticks.length)
  const layers = layerAxis(spec) === name ? within(selection.layers, ticks.length) : null
  const text = labelAxis(spec) === name ? selection.tokens : ''
  const first = Math.max(range?.first ?? 0, layers?.first ?? 0)
  const last = Math.min(range?.last ?? ticks.length - 1, layers?.last ?? ticks.length - 1)
  const shown: number[] = []
  for (let tick = first; tick <= last; tick++) {
    if (text === '' || labelMatches(ticks[tick] ?? '', text)) shown.push(tick)
  }
  return shown
}

/** A range cut to the ticks that there are; one that lies beyond them all was meant for another figure. */
function within(range: TickRange | null, count: number): TickRange | null {
  return range === null || range.first >= count ? null : { first: range.first, last: Math.min(range.last, count - 1) }
}

/** The place of a tick in an ascending list; negative where it is not there. */
function find(ticks: readonly number[], tick: number): number {
  let low = 0
  let high = ticks.length - 1
  while (low <= high) {
    const middle = (low + high) >> 1
    const found = ticks[middle] ?? 0
    if (found === tick) return middle
    if (found < tick) low = middle + 1
    else high = middle - 1
  }
  return -1
}
