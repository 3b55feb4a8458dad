/** `patchlight doctor`: the machine, the backends found on it and how fast each is. */
import { createWorkbench } from '../../studies/runs/workbench.ts'
import { BACKEND_OPTION, given, JSON_OPTION } from './common-options.ts'
import { defineCommand } from './parse.ts'

export const doctor = defineCommand({
  name: 'doctor',
  summary: 'Shows which backends this machine has, how fast they are, and what is missing for the others.',
  arguments: [],
  options: { backend: BACKEND_OPTION, json: JSON_OPTION },
  async run(options, _words, output) {
    const workbench = createWorkbench(given('backend', options.backend))
    try {
      const report = await workbench.doctor()
      if (options.json) {
        output.json(report)
        return 0
      }
      const memory = `${Math.round(report.memoryBytes / 2 ** 30)} GiB`
      output.line(`Node ${report.node}, ${report.platform}, ${report.cores} cores, ${memory} of memory`)
      for (const { name, usable, chosen, detail, advice, gflops } of report.backends) {
        const rate = gflops === undefined ? '' : `, ${gflops.toFixed(0)} GFLOP/s`
        output.line(`${chosen ? '→' : usable ? '·' : ' '} ${output.bold(name.padEnd(10))} ${detail}${rate}`)
        if (!usable && advice !== undefined) output.line(output.dim(`             ${advice}`))
      }
      return 0
    } finally {
      await workbench.close()
    }
  },
})
