/** A run in words, for a terminal: its figures with their ranges and strongest cells, tables, notes, summary. */
import type { TableSpec } from '../../studies/figure.ts'
import type { RunSnapshot } from '../../studies/runs/events.ts'
import type { Output } from './output.ts'
import { textTable } from './text-table.ts'

const TOP_CELLS = 5
const TABLE_ROWS = 15

type Figure = RunSnapshot['figures'][number]

export function numberText(value: number): string {
  if (Number.isNaN(value)) return '–'
  if (Number.isInteger(value)) return String(value)
  const size = Math.abs(value)
  return size >= 1e-3 && size < 1e5 ? String(Number(value.toPrecision(4))) : value.toExponential(2)
}

function describeFigure({ spec, values, marks }: Figure): string[] {
  const known = [...values.keys()].filter(index => !Number.isNaN(values[index]))
  const at = (index: number) => values[index] ?? Number.NaN
  const low = known.reduce((least, index) => Math.min(least, at(index)), Number.POSITIVE_INFINITY)
  const high = known.reduce((most, index) => Math.max(most, at(index)), Number.NEGATIVE_INFINITY)
  const marked = marks.filter(mark => mark > 0).length
  const size = `${spec.y.ticks.length} × ${spec.x.ticks.length}`
  const range = known.length === 0 ? 'no values yet' : `${numberText(low)} to ${numberText(high)} ${spec.unit}`
  const open = values.length - known.length
  return [spec.id, spec.metric, size, range, open === 0 ? '' : String(open), marked === 0 ? '' : String(marked)]
}

function strongest({ spec, values }: Figure): string[] {
  const known = [...values.keys()].filter(index => !Number.isNaN(values[index]))
  const strength = (index: number) => (spec.scale === 'diverging' ? Math.abs(values[index] ?? 0) : (values[index] ?? 0))
  known.sort((a, b) => strength(b) - strength(a))
  const columns = spec.x.ticks.length
  return known.slice(0, TOP_CELLS).map(index => {
    const y = spec.y.ticks[Math.floor(index / columns)] ?? ''
    const x = spec.x.ticks[index % columns] ?? ''
    return `${spec.y.label} ${y}, ${spec.x.label} ${x}: ${numberText(values[index] ?? Number.NaN)}`
  })
}

function tableLines(table: TableSpec): string[] {
  const rows = table.rows.slice(0, TABLE_ROWS).map(row =>
    table.columns.map(({ key }) => {
      const value = row[key]
      return typeof value === 'number' ? numberText(value) : (value ?? '–')
    }),
  )
  const heads = table.columns.map(({ label, unit }) => (unit === undefined ? label : `${label} (${unit})`))
  const numeric = table.columns.map(({ kind }) => kind === 'number' || kind === 'count')
  const more = table.rows.length - rows.length
  return [...textTable(heads, rows, numeric), ...(more > 0 ? [`  … and ${more} more rows`] : [])]
}

export function printReport(snapshot: RunSnapshot, dir: string, output: Output): void {
  const { record, state, figures, tables, notes, summary, error } = snapshot
  output.line(`${output.bold(record.studyTitle)} on ${record.model.name}: ${state}`)
  output.line(output.dim(`${dir}  ${record.backend} · ${record.library} · ${record.dtype}`))
  if (error !== null) output.line(error)
  if (figures.length > 0) {
    output.line(`\n${output.bold('Figures')}`)
    const heads = ['figure', 'metric', 'rows × columns', 'range', 'without value', 'marked']
    for (const line of textTable(heads, figures.map(describeFigure))) output.line(line)
    for (const figure of figures) {
      output.line(`\n${output.bold(figure.spec.title)}`)
      for (const line of strongest(figure)) output.line(`  ${line}`)
    }
  }
  for (const table of tables) {
    output.line(`\n${output.bold(table.title)}`)
    for (const line of tableLines(table)) output.line(line)
  }
  const facts = Object.entries(summary)
  if (facts.length > 0) output.line(`\n${output.bold('Summary')}`)
  for (const [key, value] of facts) output.line(`  ${key}: ${typeof value === 'number' ? numberText(value) : value}`)
  if (notes.length > 0) output.line(`\n${output.bold('Notes')}`)
  for (const note of notes) output.line(`  ${note}`)
}
