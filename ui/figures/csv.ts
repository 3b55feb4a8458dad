/**
 * A figure's numbers as CSV (RFC 4180), long form: one row a cell.
 *
 *   y_index,y_tick,x_index,x_tick,value,mark
 *
 * Ticks and marks are always quoted and stand exactly as they are, also where they begin with `=`,
 * `+` or `@`: tokens must round-trip. A spreadsheet program may take such a token for a formula;
 * import the column as text there. A token may also read `NA` or be empty: in pandas,
 * `read_csv(…, keep_default_na=False, na_values={'value': ['']})`. "No value" is an empty field;
 * infinities are `inf` and `-inf`. `mark` is the mark's symbol, empty where there is none.
 */
import type { FigureSpec } from '../../studies/figure.ts'

export interface CsvFigure {
  readonly spec: FigureSpec
  readonly values: ArrayLike<number> // [y · x]
  readonly marks: ArrayLike<number> // [y · x]
}

export function figureCsv({ spec, values, marks }: CsvFigure): string {
  const rows = ['y_index,y_tick,x_index,x_tick,value,mark']
  spec.y.ticks.forEach((yTick, y) => {
    spec.x.ticks.forEach((xTick, x) => {
      const index = y * spec.x.ticks.length + x
      const symbol = spec.marks[(marks[index] ?? 0) - 1]?.symbol ?? ''
      const value = csvNumber(values[index] ?? Number.NaN)
      rows.push([y, csvText(yTick), x, csvText(xTick), value, symbol && csvText(symbol)].join(','))
    })
  })
  return `${rows.join('\r\n')}\r\n`
}

/** A field of text. */
export function csvText(text: string): string {
  return `"${text.replaceAll('"', '""')}"`
}

/** JavaScript's shortest form that reads back as the same number. */
export function csvNumber(value: number): string {
  if (Number.isNaN(value)) return ''
  return Number.isFinite(value) ? String(value) : value > 0 ? 'inf' : '-inf'
}
