/** `patchlight resume`: does what is left of a run that was stopped, failed or interrupted. */
import { readRun, runFolder } from '../../studies/runs/folder.ts'
import { createWorkbench } from '../../studies/runs/workbench.ts'
import { BACKEND_OPTION, DTYPE_OPTION, given, JSON_OPTION, RUNS_OPTION } from './common-options.ts'
import { followRun } from './follow-run.ts'
import { defineCommand } from './parse.ts'
import { findRun } from './run-ref.ts'

export const RUN_ARGUMENT = {
  name: 'RUN',
  help: 'a run’s id (see patchlight runs), a part of it that no other has, last, or its folder',
} as const

export const resume = defineCommand({
  name: 'resume',
  summary: 'Goes on with a run that was stopped, failed or interrupted; what is journaled is not computed again.',
  arguments: [RUN_ARGUMENT],
  options: { runs: RUNS_OPTION, backend: BACKEND_OPTION, dtype: DTYPE_OPTION, json: JSON_OPTION },
  async run(options, [reference = ''], output) {
    const { runsDir, id } = findRun(reference, options.runs)
    const workbench = createWorkbench({
      runsDir,
      ...given('backend', options.backend),
      // As it was begun, unless something else was asked for, which is refused.
      dtype: options.dtype ?? readRun(runFolder(runsDir, id)).record.dtype,
      allowStudyPaths: true,
    })
    return followRun({ workbench, json: options.json, output, begin: () => workbench.resume(id) })
  },
})
