/** Rows in the order of one column; what has no value comes last either way. */
export type Row = Readonly<Record<string, string | number | null>>

export interface Sorting {
  readonly key: string
  readonly descending: boolean
}

export function sortRows(rows: readonly Row[], sorting: Sorting | null): readonly Row[] {
  if (sorting === null) return rows
  const { key, descending } = sorting
  return [...rows].sort((a, b) => {
    const x = a[key] ?? null
    const y = b[key] ?? null
    if (x === null || y === null) return Number(x === null) - Number(y === null)
    const order =
      typeof x === 'number' && typeof y === 'number'
        ? x - y
        : String(x).localeCompare(String(y), 'en', { numeric: true })
    return descending ? -order : order
  })
}
