/**
 * Which cells of a figure a reader looks at, and where they stand: layers, tokens and zoom leave ticks
 * out, a transposed figure has its rows for columns. Whatever the screen shows, a cell keeps the index
 * that it has in the figure: values, drawer, address and downloads all speak of that.
 */
import type { AxisKind, FigureSpec } from '../../../studies/figure.ts'
import type { FigureLook, TickRange } from '../services/look.ts'

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

export type Selection = Pick<FigureLook, 'transpose' | 'layers' | 'tokens' | 'zoom'>

/** Labels are searched where they say something: tokens first. */
const LABELLED: readonly AxisKind[] = ['position', 'component', 'neuron']

export function shownCells(spec: FigureSpec, look: Selection): Shown {
  const x = shownTicks(spec, 'x', look)
  const y = shownTicks(spec, 'y', look)
  return look.transpose
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

/** A zoom to the cells between two places of what is shown, in whatever order they come. */
export function zoomTo(shown: Shown, from: Place, to: Place): FigureLook['zoom'] {
  const across = spanOf(shown.columns, from.column, to.column)
  const down = spanOf(shown.rows, from.row, to.row)
  return shown.across === 'x' ? { x: across, y: down } : { x: down, y: across }
}

/**
 * A zoom by `factor` (above 1: nearer) that keeps `at` where it is on the screen; null for "all" once
 * everything is shown again.
 *
 * @param whole what is shown without a zoom
 */
export function zoomBy(shown: Shown, whole: Shown, at: Place, factor: number): FigureLook['zoom'] {
  const across = scaled(shown.columns, whole.columns, at.column, factor)
  const down = scaled(shown.rows, whole.rows, at.row, factor)
  return shown.across === 'x' ? { x: across, y: down } : { x: down, y: across }
}

/** The zoom moved by columns and rows, as far as there are any. */
export function panBy(shown: Shown, whole: Shown, columns: number, rows: number): FigureLook['zoom'] {
  const across = moved(shown.columns, whole.columns, columns)
  const down = moved(shown.rows, whole.rows, rows)
  return shown.across === 'x' ? { x: across, y: down } : { x: down, y: across }
}

function shownTicks(spec: FigureSpec, name: AxisName, look: Selection): readonly number[] {
  const { ticks } = spec[name]
  const range = within(look.zoom[name], ticks.length)
  const layers = layerAxis(spec) === name ? within(look.layers, ticks.length) : null
  const text = labelAxis(spec) === name ? look.tokens : ''
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

function spanOf(ticks: readonly number[], a: number, b: number): TickRange | null {
  const first = ticks[Math.max(0, Math.min(a, b))]
  const last = ticks[Math.min(ticks.length - 1, Math.max(a, b))]
  return first === undefined || last === undefined ? null : { first, last }
}

/** Of all ticks, `1/factor` as many as are shown now, with `at` at the same share of the way. */
function scaled(shown: readonly number[], whole: readonly number[], at: number, factor: number): TickRange | null {
  const begin = find(whole, shown[0] ?? 0)
  if (begin < 0) return null
  const near = shown.length / factor
  const wanted = Math.max(1, factor > 1 ? Math.min(Math.round(near), shown.length - 1) : Math.ceil(near))
  if (wanted >= whole.length) return null
  const share = shown.length < 2 ? 0.5 : at / (shown.length - 1)
  const first = Math.round(begin + at - share * (wanted - 1))
  return sliceOf(whole, first, wanted)
}

function moved(shown: readonly number[], whole: readonly number[], by: number): TickRange | null {
  const begin = find(whole, shown[0] ?? 0)
  return begin < 0 || shown.length >= whole.length ? null : sliceOf(whole, begin + by, shown.length)
}

function sliceOf(whole: readonly number[], first: number, count: number): TickRange | null {
  const begin = Math.min(Math.max(0, first), whole.length - count)
  return spanOf(whole, begin, begin + count - 1)
}
