/** What a benchmark hands back: tables of numbers, printed for people or as JSON. */

interface Column {
  readonly key: string
  readonly label: string
  /** Digits after the point. @default 0 */
  readonly digits?: number
}

export interface Table {
  readonly title: string
  readonly columns: readonly Column[]
  readonly rows: readonly Readonly<Record<string, string | number>>[]
  /** How it was measured, and what the ratios are of. */
  readonly note: string
}

interface BenchOptions {
  /** Also what needs gigabytes of disk and memory. */
  readonly large: boolean
  /** Only this backend; all that are usable when absent. */
  readonly backend?: string
  /** Says what is going on; not part of the result. */
  readonly progress: (text: string) => void
}

export interface Bench {
  readonly name: string
  run(options: BenchOptions): Promise<readonly Table[]>
}

/** A table in columns as wide as their widest cell; numbers stand right. */
export function renderTable({ title, columns, rows, note }: Table): string {
  const cells = [
    columns.map(column => column.label),
    ...rows.map(row => columns.map(column => renderCell(row[column.key], column))),
  ]
  const widths = columns.map((_, i) => Math.max(...cells.map(line => line[i]?.length ?? 0)))
  const isNumeric = columns.map(({ key }) => rows.some(row => typeof row[key] === 'number'))
  const lines = cells.map(line =>
    line
      .map((cell, i) => (isNumeric[i] === true ? cell.padStart(widths[i] ?? 0) : cell.padEnd(widths[i] ?? 0)))
      .join('  ')
      .trimEnd(),
  )
  const rule = widths.map(width => '─'.repeat(width)).join('  ')
  return [title, rule, lines[0], rule, ...lines.slice(1), rule, note, ''].join('\n')
}

export function renderCell(value: string | number | undefined, { digits = 0 }: Column): string {
  if (value === undefined) return ''
  return typeof value === 'number' ? value.toFixed(digits) : value
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  const upper = sorted[middle] ?? Number.NaN
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2
}
