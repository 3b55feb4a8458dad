/** `patchlight runs`: the runs of a folder, newest first; and with an action, what a person does with them. */
import { resolve } from 'node:path'
import type { RunSummary } from '../../studies/runs/events.ts'
import { hasWords } from '../../studies/runs/find-runs.ts'
import { RunShelf } from '../../studies/runs/shelf.ts'
import { defaultRunsDir } from '../../studies/runs/workbench.ts'
import type { OptionTable, OptionValues } from './command.ts'
import { JSON_OPTION, RUNS_OPTION } from './common-options.ts'
import type { Output } from './output.ts'
import { defineCommand } from './parse.ts'
import { RUN_ACTIONS, runAction } from './run-actions.ts'
import { textTable } from './text-table.ts'

const TITLE_LENGTH = 60

const OPTIONS = {
  search: {
    type: 'text',
    value: 'WORDS',
    help: 'Only runs with these words: name, prompts, study, model, note, tags.',
  },
  tag: { type: 'list', value: 'TAG', help: 'Only runs with this tag; may be repeated.' },
  starred: { type: 'switch', help: 'Only runs with a star.' },
  archived: { type: 'switch', help: 'Only archived runs, which are left out otherwise.' },
  deleted: { type: 'switch', help: 'Only deleted runs, which can be restored.' },
  runs: RUNS_OPTION,
  json: JSON_OPTION,
} as const satisfies OptionTable

export const runs = defineCommand({
  name: 'runs',
  summary: 'Lists the runs of the runs folder, newest first, or names, tags, archives, deletes and restores them.',
  details: `Actions, each followed by a run (see patchlight show --help for how to name one):\n${RUN_ACTIONS}`,
  arguments: [],
  rest: { name: '[ACTION RUN …]', help: 'what to do with a run; without it they are listed' },
  options: OPTIONS,
  async run(options, words, output) {
    const [action, ...rest] = words
    const runsDir = options.runs === undefined ? defaultRunsDir() : resolve(options.runs)
    if (action !== undefined)
      return runAction(action, rest, { runsDir, runsOption: options.runs, json: options.json, output })
    return list(new RunShelf(runsDir), options, output)
  },
})

function list(shelf: RunShelf, options: OptionValues<typeof OPTIONS>, output: Output): number {
  const { runs: kept, skipped } = shelf.list()
  for (const { reason } of skipped) output.say(`Left out: ${reason}`)
  const all = options.deleted ? shelf.deleted().map(({ run }) => run) : kept
  const found = all.filter(run => isAsked(run, options))
  if (options.json) {
    output.json({ dir: shelf.runsDir, runs: found })
    return 0
  }
  for (const line of found.length === 0 ? [] : textTable(['run', 'state', 'model', 'about'], found.map(row))) {
    output.line(line)
  }
  if (found.length === 0)
    output.say(all.length === 0 ? `There are no runs in ${shelf.runsDir}.` : 'No run is like that.')
  const archived = all.filter(run => run.meta.archived).length
  if (archived > 0 && !options.archived && !options.deleted) {
    output.say(`${archived} archived ${archived === 1 ? 'run is' : 'runs are'} left out; --archived lists them.`)
  }
  return 0
}

function isAsked({ meta, ...run }: RunSummary, options: OptionValues<typeof OPTIONS>): boolean {
  const tags = meta.tags.map(tag => tag.toLowerCase())
  return (
    (options.deleted || meta.archived === options.archived) &&
    (!options.starred || meta.starred) &&
    options.tag.every(tag => tags.includes(tag.toLowerCase())) &&
    hasWords({ ...run, meta }, options.search ?? '')
  )
}

function row({ id, model, state, done, total, title, meta }: RunSummary): string[] {
  const progress = state === 'done' || total === 0 ? '' : ` ${Math.floor((100 * done) / total)}%`
  const about = meta.name === '' ? title : meta.name
  const short = about.length > TITLE_LENGTH ? `${about.slice(0, TITLE_LENGTH - 1)}…` : about
  const tags = meta.tags.map(tag => ` [${tag}]`).join('')
  return [id, `${state}${progress}`, model, `${meta.starred ? '★ ' : ''}${short}${tags}`]
}
