/** `patchlight doctor`: the machine, the backends found on it, how fast each is, and which computes what. */
import { createWorkbench } from '../../studies/runs/workbench.ts'
import type { DoctorBackend, DoctorReport } from '../../studies/runs/workbench-types.ts'
import { BACKEND_OPTION, given, JSON_OPTION } from './common-options.ts'
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
  const { node, platform, processor, cores, memoryBytes, memoryGBs, versions, backends, choices } = report
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

  output.line(`\n${output.bold('What computes')}`)
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

function rateTable(usable: readonly DoctorBackend[]): [string[], string[][], boolean[]] {
  const rows = usable[0]?.rates?.map(rate => rate.rows) ?? []
  return [
    ['', ...rows.map(count => (count === 1 ? '1 row' : `${count.toLocaleString('en')} rows`)), 'a call'],
    usable.map(({ name, rates = [], callUs = Number.NaN }) => [
      name,
      ...rates.map(({ gflops }) => gflops.toFixed(gflops < 10 ? 1 : 0)),
      `${callUs.toFixed(callUs < 10 ? 1 : 0)} µs`,
    ]),
    [false, ...rows.map(() => true), true],
  ]
}
