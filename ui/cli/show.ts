/** `patchlight show`: what a run found, in words or as its JSON document. */
import { join } from 'node:path'
import { readRun } from '../../studies/runs/folder.ts'
import { JSON_OPTION, RUNS_OPTION } from './common-options.ts'
import { defineCommand } from './parse.ts'
import { RUN_ARGUMENT } from './resume.ts'
import { runDocument } from './run-document.ts'
import { findRun } from './run-ref.ts'
import { printReport } from './run-report.ts'

export const show = defineCommand({
  name: 'show',
  summary: 'Shows a run: figures with their ranges and strongest cells, tables, notes.',
  arguments: [RUN_ARGUMENT],
  options: { runs: RUNS_OPTION, json: JSON_OPTION },
  async run(options, [reference = ''], output) {
    const { runsDir, id } = findRun(reference, options.runs)
    const dir = join(runsDir, id)
    const snapshot = readRun(dir)
    if (options.json) output.json(runDocument(snapshot, dir))
    else printReport(snapshot, dir, output)
    return 0
  },
})
