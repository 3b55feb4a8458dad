/**
 * The long form as Parquet (hyparquet-writer): numbers as doubles, places as 32-bit integers, text as
 * UTF-8. "No value" is null, as pandas, polars and DuckDB expect. The run is in the file's metadata.
 */
import { parquetWriteBuffer } from 'hyparquet-writer'
import type { RunSnapshot } from '../../../studies/runs/events.ts'
import type { Column, LongTable } from './long-table.ts'

export function parquet(table: LongTable, { record, figures }: RunSnapshot): Buffer {
  const about = {
    run: record.id,
    study: record.study,
    model: record.model.name,
    figures: figures.map(({ spec: { id, title, metric, unit } }) => ({ id, title, metric, unit })),
  }
  const written = parquetWriteBuffer({
    columnData: table.columns.map(parquetColumn),
    kvMetadata: [{ key: 'patchlight', value: JSON.stringify(about) }],
  })
  return Buffer.from(written)
}

function parquetColumn(column: Column) {
  if (column.kind === 'integer') {
    return { name: column.name, data: [...column.values], type: 'INT32' as const, nullable: false }
  }
  if (column.kind === 'text')
    return { name: column.name, data: [...column.values], type: 'STRING' as const, nullable: true }
  const data = Array.from(column.values, value => (Number.isNaN(value) ? null : value))
  return { name: column.name, data, type: 'DOUBLE' as const, nullable: true }
}
