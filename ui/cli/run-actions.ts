/** `patchlight runs ACTION RUN …`: what the page's buttons do. */
import { UsageError } from '../../engine/errors.ts'
import { nearest } from '../../engine/nearest.ts'
import type { MetaPatch, RunSummary } from '../../studies/runs/events.ts'
import { RunShelf } from '../../studies/runs/shelf.ts'
import type { Output } from './output.ts'
import { findRun } from './run-ref.ts'

interface Action {
  /** What follows the run, for the help. */
  readonly words: string
  readonly help: string
  /** What it changes; null where it is done by itself. */
  readonly patch: ((text: string, words: readonly string[]) => MetaPatch) | null
}

const change = (words: string, help: string, patch: NonNullable<Action['patch']>): Action => ({ words, help, patch })

const ACTIONS: Readonly<Record<string, Action>> = {
  name: change('[TEXT]', 'gives it a name, or takes it away', text => ({ name: text })),
  note: change('[TEXT]', 'writes a note, or takes it away', text => ({ note: text })),
  tag: change('TAG …', 'adds tags', (_, words) => ({ addTags: words })),
  untag: change('TAG …', 'removes tags', (_, words) => ({ removeTags: words })),
  star: change('', 'gives it a star', () => ({ starred: true })),
  unstar: change('', 'takes the star away', () => ({ starred: false })),
  archive: change('', 'leaves it out of lists', () => ({ archived: true })),
  unarchive: change('', 'lists it again', () => ({ archived: false })),
  delete: { words: '', help: 'puts it into the trash, where it is kept for 30 days', patch: null },
  restore: { words: '', help: 'takes it out of the trash', patch: null },
  purge: { words: '', help: 'without a run: removes for good what is in the trash', patch: null },
}

/** Lines for the help. */
export const RUN_ACTIONS = Object.entries(ACTIONS)
  .map(([name, { words, help }]) => `  ${`${name}${name === 'purge' ? '' : ' RUN'} ${words}`.padEnd(20)}${help}`)
  .join('\n')

export interface ActionPlace {
  readonly runsDir: string
  /** As it was given. */
  readonly runsOption: string | undefined
  readonly json: boolean
  readonly output: Output
}

/** Returns the exit code. */
export async function runAction(name: string, words: readonly string[], place: ActionPlace): Promise<number> {
  const action = Object.hasOwn(ACTIONS, name) ? ACTIONS[name] : undefined
  if (action === undefined) {
    const near = nearest(name, Object.keys(ACTIONS), 2).join(', ')
    throw new UsageError(`runs: there is no action ${JSON.stringify(name)}; the nearest are ${near}`)
  }
  const { output, json } = place
  if (name === 'purge') {
    if (words.length > 0) throw new UsageError(`runs purge: it empties the whole trash, and takes no run`)
    const gone = await new RunShelf(place.runsDir).purge('all')
    if (json) output.json({ purged: gone })
    else output.line(`${gone} ${gone === 1 ? 'run' : 'runs'} removed for good.`)
    return 0
  }
  const [reference, ...rest] = words
  if (reference === undefined) throw new UsageError(`runs ${name}: expected a run (see patchlight runs)`)
  checkWords(name, action, rest)
  const run = act(name, action, reference, rest, place)
  if (json) output.json(run)
  else output.line(said(name, run))
  return 0
}

function checkWords(name: string, { words }: Action, rest: readonly string[]): void {
  if (words === '' && rest.length > 0) {
    throw new UsageError(`runs ${name}: did not expect ${JSON.stringify(rest[0])}; one run at a time`)
  }
  if (words.startsWith('TAG') && rest.length === 0) throw new UsageError(`runs ${name}: expected a tag after the run`)
}

function act(
  name: string,
  { patch }: Action,
  reference: string,
  rest: readonly string[],
  { runsDir, runsOption }: ActionPlace,
): RunSummary {
  if (name === 'restore') return new RunShelf(runsDir).restore(deletedRun(runsDir, reference))
  const found = findRun(reference, runsOption)
  const shelf = new RunShelf(found.runsDir)
  if (patch !== null) return shelf.annotate(found.id, patch(rest.join(' '), rest))
  const run = shelf.summary(found.id)
  shelf.remove(found.id)
  return run
}

/** A run in the trash by its id, a part of it that no other has, or `last`. */
function deletedRun(runsDir: string, reference: string): string {
  const ids = [...new Set(new RunShelf(runsDir).deleted().map(({ run }) => run.id))]
  const [newest] = ids
  if (reference === 'last' && newest !== undefined) return newest
  const matches = ids.includes(reference) ? [reference] : ids.filter(id => id.includes(reference))
  const [only, another] = matches
  if (only !== undefined && another === undefined) return only
  if (only === undefined) throw new UsageError(`runs restore: ${reference} is not among the deleted runs`)
  throw new UsageError(
    `runs restore ${reference}: ${matches.length} deleted runs match: ${matches.slice(0, 4).join(', ')}`,
  )
}

function said(name: string, { id, meta }: RunSummary): string {
  if (name === 'delete') return `${id} is in the trash; patchlight runs restore ${id} takes it back.`
  if (name === 'restore') return `${id} is back.`
  const facts = [
    meta.name === '' ? null : `“${meta.name}”`,
    meta.starred ? 'starred' : null,
    meta.archived ? 'archived' : null,
    ...meta.tags.map(tag => `[${tag}]`),
    meta.note === '' ? null : `note: ${meta.note}`,
  ].filter(fact => fact !== null)
  return `${id}  ${facts.length === 0 ? 'nothing is said of it' : facts.join(' · ')}`
}
