/** `patchlight import`: a run that came as a file. */
import { resolve } from 'node:path'
import { unpackFile } from '../../studies/runs/archive.ts'
import { RunShelf } from '../../studies/runs/shelf.ts'
import { defaultRunsDir } from '../../studies/runs/workbench.ts'
import { JSON_OPTION, RUNS_OPTION } from './common-options.ts'
import { defineCommand } from './parse.ts'

export const importRun = defineCommand({
  name: 'import',
  summary: 'Takes a run that export --format archive wrote into the runs folder.',
  arguments: [{ name: 'FILE', help: 'the .patchlight file' }],
  options: { runs: RUNS_OPTION, json: JSON_OPTION },
  async run(options, [file = ''], output) {
    const runsDir = options.runs === undefined ? defaultRunsDir() : resolve(options.runs)
    const run = new RunShelf(runsDir).summary(await unpackFile(runsDir, file))
    if (options.json) output.json(run)
    else output.line(run.id)
    const { imported } = run.meta
    if (imported !== undefined && imported.id !== run.id) {
      output.say(`A run ${imported.id} is here already; this one is ${run.id}.`)
    }
    return 0
  },
})
