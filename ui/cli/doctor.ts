/** `patchlight doctor`: the machine, the backends found on it, how fast each is, and which computes what. */
import { createWorkbench } from '../../studies/runs/workbench.ts'
import type { DoctorReport } from '../../studies/runs/workbench-types.ts'
import { BACKEND_OPTION, given, JSON_OPTION } from './common-options.ts'
import { wrap } from './help.ts'
import type { Output } from './output.ts'
import { defineCommand } from './parse.ts'
import { textTable } from './text-table.ts'

export const doctor = defineCommand({
  name: 'doctor',
  summary: 'Shows which backends this machine has, how fast they are, and what is missing for the others.',
  arguments: [],
  options: { backend: BACKEND_OPTION, json: JSON_OPTION },
  async run(options, _words, output) {
    const workbench = createWorkbench(given('backend', options.backend))
    try {
      output.status('measuring …')
      const report = await workbench.doctor()
      if (options.json) output.json(report)
      else write(report, output)
      return 0
    } finally {
      await workbench.close()
    }
  },
})

function write(report: DoctorReport, output: Output): void {
  const { node, platform, processor, cores, memoryBytes, memoryGBs, versions, backends, formats, choices } = report
  output.line(`${processor}, ${cores} cores, ${Math.round(memoryBytes / 2 ** 30)} GiB of memory`)
  output.line(
    `Patchlight ${versions.patchlight}, Node ${node}, ${platform}; one core copies ${memoryGBs.toFixed(0)} GB/s`,
  )

  output.line(`\n${output.bold('What can compute here')}`)
  const usable = backends.filter(backend => backend.usable)
  for (const { name, chosen, detail } of usable) output.line(`${chosen ? '→' : ' '} ${name.padEnd(10)}  ${detail}`)
  output.line('\n  Billions of operations a second (GFLOP/s) in a product of so many rows, which are a')
  output.line('  prompt’s tokens or a sweep’s; and what each call costs however small it is. More is')
  output.line('  better for large models; cheap calls are better for small ones.\n')
  for (const line of textTable(...rateTable(usable))) output.line(line)

  output.line(`\n${output.bold('Number formats of weights')}`)
  for (const { name, chosen, detail } of formats) {
    output.line(`${chosen ? '→' : ' '} ${name.padEnd(DETAIL - 2)}${wrap(detail, DETAIL)}`)
  }
  const compared = formats.filter(({ rates }) => rates !== undefined)
  if (compared.length > 0) {
    output.line('\n  GFLOP/s in a product with a weight of 1,024 × 4,096:\n')
    for (const line of textTable(...rateTable(compared))) output.line(line)
  }
  output.line(output.dim('  Another one: --dtype NAME, or the variable PATCHLIGHT_DTYPE.'))

  output.line(`\n${output.bold('What computes')}`)
  if (choices.length === 0) output.line('  Nothing: what was asked for cannot compute here.')
  for (const { model, backend, why } of choices) {
    output.line(`  ${model}: ${output.bold(backend)}`)
    output.line(output.dim(`    ${why}`))
  }
  output.line(output.dim('  Another one: --backend NAME, or the variable PATCHLIGHT_BACKEND.'))

  const missing = backends.filter(backend => !backend.usable)
  if (missing.length === 0) return
  output.line(`\n${output.bold('What could be added')}`)
  for (const { name, detail, advice } of missing) {
    output.line(`  ${name}: ${advice ?? 'nothing to install'}`)
    output.line(output.dim(`    ${detail}`))
  }
}

/** Column where a format's words begin. */
const DETAIL = 8

interface Rated {
  readonly name: string
  readonly rates?: readonly { readonly rows: number; readonly gflops: number }[]
  readonly callUs?: number
}

/** A column for the calls where they were measured. */
function rateTable(rated: readonly Rated[]): [string[], string[][], boolean[]] {
  const rows = rated[0]?.rates?.map(rate => rate.rows) ?? []
  const calls = rated.some(({ callUs }) => callUs !== undefined)
  return [
    [
      '',
      ...rows.map(count => (count === 1 ? '1 row' : `${count.toLocaleString('en')} rows`)),
      ...(calls ? ['a call'] : []),
    ],
    rated.map(({ name, rates = [], callUs = Number.NaN }) => [
      name,
      ...rates.map(({ gflops }) => gflops.toFixed(gflops < 10 ? 1 : 0)),
      ...(calls ? [`${callUs.toFixed(callUs < 10 ? 1 : 0)} µs`] : []),
    ]),
    [false, ...rows.map(() => true), true],
  ]
}
