/**
 * `npm run bench [-- NAME… --backend NAME --large --json --write]`: every benchmark, or those named, in one run, so
 * that the ratios are of things measured side by side. What takes many minutes runs only when it is named.
 * `--write` puts the tables into the docs. Not a test: it asserts nothing.
 */
import { availableParallelism, cpus, totalmem } from 'node:os'
import { parseArgs } from 'node:util'
import { bf16 } from './bf16.ts'
import { costModel } from './cost-model.ts'
import { exports } from './exports.ts'
import { forward } from './forward.ts'
import { largeModel } from './large.ts'
import { layer } from './layer.ts'
import { load } from './load.ts'
import { matmul } from './matmul.ts'
import { page } from './page.ts'
import { sweep } from './sweep.ts'
import { renderTable, type Table } from './table.ts'
import { writeDocs } from './write-docs.ts'

const BENCHES = [matmul, layer, forward, load, sweep, page, exports, bf16, costModel, largeModel] as const
const ONLY_WHEN_NAMED: readonly string[] = [bf16.name, costModel.name, largeModel.name]

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    backend: { type: 'string' },
    json: { type: 'boolean', default: false },
    large: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
  },
})

const unknown = positionals.filter(name => !BENCHES.some(bench => bench.name === name))
if (unknown.length > 0) {
  console.error(`bench: expected ${BENCHES.map(bench => bench.name).join(', ')}, got ${unknown.join(', ')}`)
  process.exit(2)
}

const machine = {
  node: process.version,
  platform: `${process.platform} ${process.arch}`,
  processor: cpus()[0]?.model ?? 'unknown',
  cores: availableParallelism(),
  memoryGb: Math.round(totalmem() / 1e9),
}
if (!values.json) {
  console.log(`${machine.processor}, ${machine.cores} cores, ${machine.memoryGb} GB, Node ${machine.node}\n`)
}

const tables: (Table & { bench: string })[] = []
for (const { name, run } of BENCHES) {
  if (positionals.length > 0 ? !positionals.includes(name) : ONLY_WHEN_NAMED.includes(name)) continue
  const progress = (text: string) => {
    process.stderr.write(process.stderr.isTTY ? `\r\x1b[K${name}: ${text}` : `${name}: ${text}\n`)
  }
  const results = await run({
    large: values.large,
    progress,
    ...(values.backend === undefined ? {} : { backend: values.backend }),
  })
  if (process.stderr.isTTY) process.stderr.write('\r\x1b[K')
  if (values.write) await writeDocs(name, machine, results)
  for (const table of results) {
    tables.push({ bench: name, ...table })
    if (!values.json) console.log(renderTable(table))
  }
}
if (values.json) console.log(JSON.stringify({ machine, tables }, null, 2))
