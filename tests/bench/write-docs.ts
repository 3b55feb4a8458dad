/**
 * A benchmark's tables in the docs: as JSON in `docs/performance/NAME.json`, and between two marks of
 * `docs/performance.md`, where what stands outside the marks is people's own.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { renderCell, type Table } from './table.ts'

const DOCS = new URL('../../docs/', import.meta.url)
const PAGE = fileURLToPath(new URL('performance.md', DOCS))
const HEAD = '# Performance\n\nMeasured by `npm run bench -- NAME --write`; ratios are of things measured in one run.\n'

export async function writeDocs(bench: string, machine: object, tables: readonly Table[]): Promise<void> {
  const folder = fileURLToPath(new URL('performance/', DOCS))
  await mkdir(folder, { recursive: true })
  await writeFile(`${folder}${bench}.json`, `${JSON.stringify({ machine, tables }, null, 2)}\n`)
  const before = await readFile(PAGE, 'utf8').catch(() => HEAD)
  const [open, close] = [`<!-- bench ${bench} -->`, `<!-- end of bench ${bench} -->`]
  const where = Object.values(machine).join(', ')
  const section = [open, ...tables.map(markdownOf), `On: ${where}. [As JSON](performance/${bench}.json).`, close].join(
    '\n\n',
  )
  const [begin, end] = [before.indexOf(open), before.indexOf(close)]
  const page =
    begin < 0 || end < begin
      ? `${before.trimEnd()}\n\n${section}\n`
      : before.slice(0, begin) + section + before.slice(end + close.length)
  await writeFile(PAGE, page)
}

function markdownOf({ title, columns, rows, note }: Table): string {
  const line = (cells: readonly string[]) => `| ${cells.map(cell => cell.replaceAll('|', '\\|')).join(' | ')} |`
  return [
    `**${title}**\n`,
    line(columns.map(({ label }) => label)),
    line(columns.map(({ key }) => (rows.some(row => typeof row[key] === 'number') ? '---:' : '---'))),
    ...rows.map(row => line(columns.map(column => renderCell(row[column.key], column)))),
    `\n${note}`,
  ].join('\n')
}
