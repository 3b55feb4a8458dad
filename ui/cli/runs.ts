/** `patchlight runs`: the runs of a folder, newest first. */
import { resolve } from 'node:path'
import { listRuns } from '../../studies/runs/folder.ts'
import { defaultRunsDir } from '../../studies/runs/workbench.ts'
import { JSON_OPTION, RUNS_OPTION } from './common-options.ts'
import { defineCommand } from './parse.ts'
import { textTable } from './text-table.ts'

const TITLE_LENGTH = 60

export const runs = defineCommand({
  name: 'runs',
  summary: 'Lists the runs of the runs folder, newest first.',
  arguments: [],
  options: { runs: RUNS_OPTION, json: JSON_OPTION },
  async run(options, _words, output) {
    const runsDir = options.runs === undefined ? defaultRunsDir() : resolve(options.runs)
    const list = listRuns(runsDir)
    for (const { reason } of list.skipped) output.say(`Left out: ${reason}`)
    if (options.json) {
      output.json({ dir: runsDir, runs: list.runs })
      return 0
    }
    if (list.runs.length === 0) {
      output.say(`There are no runs in ${runsDir}.`)
      return 0
    }
    const rows = list.runs.map(({ id, model, state, done, total, title }) => {
      const progress = state === 'done' || total === 0 ? '' : ` ${Math.floor((100 * done) / total)}%`
      return [
        id,
        `${state}${progress}`,
        model,
        title.length > TITLE_LENGTH ? `${title.slice(0, TITLE_LENGTH - 1)}…` : title,
      ]
    })
    for (const line of textTable(['run', 'state', 'model', 'about'], rows)) output.line(line)
    return 0
  },
})
