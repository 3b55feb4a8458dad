/**
 * A run's numbers in long form: one row a cell, one column a figure. Figures over the same axes share
 * their rows; each set of axes is a *grid*, numbered from 0 in the order of the figures.
 *
 *   grid_index  y_axis  y_index  y_tick  x_axis  x_index  x_tick  <figure>  <figure>_mark  …
 *
 * A column that does not belong to a row's grid has no value there; nor has NaN. Marks are symbols.
 */
import type { RunSnapshot } from '../../../studies/runs/events.ts'
import type { RunFigure } from '../picture.ts'

/** Columns that place a cell, the same for every run. */
export const PLACE_COLUMNS = [
  { name: 'grid_index', kind: 'integer' },
  { name: 'y_axis', kind: 'text' },
  { name: 'y_index', kind: 'integer' },
  { name: 'y_tick', kind: 'text' },
  { name: 'x_axis', kind: 'text' },
  { name: 'x_index', kind: 'integer' },
  { name: 'x_tick', kind: 'text' },
] as const

export type Column =
  | { readonly name: string; readonly kind: 'integer'; readonly values: readonly number[] }
  /** NaN is "no value". */
  | { readonly name: string; readonly kind: 'number'; readonly values: Float64Array }
  | { readonly name: string; readonly kind: 'text'; readonly values: readonly (string | null)[] }

export interface LongTable {
  readonly rows: number
  readonly columns: readonly Column[]
}

/** Figures that have the same axes, in the order of the first of each. */
export function grids(figures: RunSnapshot['figures']): readonly (readonly RunFigure[])[] {
  const found = new Map<string, RunFigure[]>()
  for (const figure of figures) {
    const { x, y } = figure.spec
    const key = JSON.stringify([y.kind, y.ticks, x.kind, x.ticks])
    found.set(key, [...(found.get(key) ?? []), figure])
  }
  return [...found.values()]
}

export function longTable(figures: RunSnapshot['figures']): LongTable {
  const all = grids(figures)
  const cells = all.flatMap((grid, number) => {
    const [first] = grid
    if (first === undefined) return []
    const { x, y } = first.spec
    return y.ticks.flatMap((yTick, row) =>
      x.ticks.map((xTick, column) => ({
        grid_index: number,
        y_axis: y.kind,
        y_index: row,
        y_tick: yTick,
        x_axis: x.kind,
        x_index: column,
        x_tick: xTick,
      })),
    )
  })
  const places = PLACE_COLUMNS.map(({ name, kind }): Column => {
    if (kind === 'integer') return { name, kind, values: cells.map(cell => cell[name]) }
    return { name, kind, values: cells.map(cell => cell[name]) }
  })
  let start = 0
  const metrics = all.flatMap(grid => {
    const from = start
    const size = grid[0]?.values.length ?? 0
    start += size
    return grid.flatMap(figure => figureColumns(figure, from, cells.length))
  })
  return { rows: cells.length, columns: [...places, ...metrics] }
}

function figureColumns({ spec, values, marks }: RunFigure, from: number, rows: number): readonly Column[] {
  const numbers = new Float64Array(rows).fill(Number.NaN)
  numbers.set(values, from)
  const column: Column = { name: spec.id, kind: 'number', values: numbers }
  if (spec.marks.length === 0) return [column]
  const symbols = new Array<string | null>(rows).fill(null)
  marks.forEach((mark, i) => {
    symbols[from + i] = spec.marks[mark - 1]?.symbol ?? null
  })
  return [column, { name: `${spec.id}_mark`, kind: 'text', values: symbols }]
}
