/** Runs to compare: figures of given axes whose values tell their run and cell. */
import type { Axis, FigureSpec, TableSpec } from '../../../studies/figure.ts'
import type { ParamValue } from '../../../studies/params.ts'
import type { Side, SideFigure } from '../../../ui/compare/side.ts'
import { RECORD } from '../../studies/runs/support.ts'

export const tokens = (text: string): Axis => ({ kind: 'position', label: 'position', ticks: text.split(' ') })

export const numbers = (kind: Axis['kind'], count: number, from = 0): Axis => ({
  kind,
  label: kind,
  ticks: Array.from({ length: count }, (_, i) => String(from + i)),
})

export function figure(over: Partial<FigureSpec> = {}, value = (cell: number) => cell): SideFigure {
  const spec: FigureSpec = {
    id: 'resid',
    title: 'residual stream',
    x: tokens('the time is 9 am'),
    y: numbers('layer', 2),
    metric: 'recovered',
    unit: 'fraction',
    scale: 'diverging',
    marks: [{ symbol: '×', meaning: 'another token' }],
    caption: 'The residual stream is taken from the clean prompt.',
    ...over,
  }
  const length = spec.x.ticks.length * spec.y.ticks.length
  const values = Float64Array.from({ length }, (_, cell) => value(cell))
  return { spec, values, marks: Uint8Array.from({ length }, (_, cell) => cell % 2) }
}

interface SideParts {
  readonly figures?: readonly SideFigure[]
  readonly params?: Readonly<Record<string, ParamValue>>
  readonly tables?: readonly TableSpec[]
  readonly summary?: Readonly<Record<string, number | string>>
  readonly model?: string
}

export function side(
  name: string,
  { figures = [figure()], params = {}, tables = [], summary = {}, model }: SideParts = {},
): Side {
  const { model: own } = RECORD
  const record = { ...RECORD, id: name, params, model: { ...own, name: model ?? own.name } }
  return { record, title: `the ${name} run`, figures, tables, summary }
}
