/** Every run: searched, filtered, sorted, named, compared, brought in and out. The address holds the question. */
import { type KeyboardEvent, useCallback, useMemo, useRef, useState } from 'react'
import { RUN_STATES, type RunSummary } from '../../../../studies/runs/events.ts'
import { Link } from '../../parts/link.tsx'
import { Segmented } from '../../parts/segmented.tsx'
import { useRuns } from '../../services/feed.ts'
import { currentRoute, navigate, RUN_SORTS, type RunQuery, type RunSort } from '../../services/route.ts'
import { useSeen } from '../../services/size.ts'
import { DeletedRuns } from './deleted-runs.tsx'
import { ImportButton, ImportDrop } from './import-button.tsx'
import { RunCard } from './run-card.tsx'
import { findRuns, tagsOf } from './run-filter.ts'
import { Tags } from './tags.tsx'
import { useRowFocus } from './use-row-focus.ts'
import './runs.css'

const SHELVES = [
  { value: 'all', label: 'All' },
  { value: 'starred', label: 'Starred' },
  { value: 'archived', label: 'Archived' },
  { value: 'deleted', label: 'Deleted' },
] as const
type Shelf = (typeof SHELVES)[number]['value']

const SORT_WORDS: Readonly<Record<RunSort, string>> = {
  newest: 'Newest first',
  oldest: 'Oldest first',
  name: 'By name',
  study: 'By study',
  model: 'By model',
}

export function RunsPage({ query }: { readonly query: RunQuery }) {
  const runs = useRuns()
  const [chosen, setChosen] = useState<readonly string[]>([])
  const found = useMemo(() => findRuns(runs ?? [], query), [runs, query])
  const ask = (change: Partial<RunQuery>) => navigate({ view: 'runs', ...query, ...change }, 'replace')
  const studies = new Map((runs ?? []).map(run => [run.study, run.studyTitle]))
  const shelf: Shelf =
    query.deleted === true ? 'deleted' : query.archived ? 'archived' : query.starred ? 'starred' : 'all'
  const comparing = chosen.filter(id => runs?.some(run => run.id === id) === true)
  const choose = useCallback(
    (run: string, on: boolean) => setChosen(before => [...before.filter(id => id !== run), ...(on ? [run] : [])]),
    [],
  )

  return (
    <ImportDrop>
      <header className="runs-head">
        <h1>Runs</h1>
        <div className="runs-head-buttons">
          {comparing.length > 1 && (
            <Link to={{ view: 'compare', runs: comparing }} className="button button-primary">
              Compare {comparing.length} runs
            </Link>
          )}
          <ImportButton />
        </div>
      </header>
      <search className="runs-filters" aria-label="Runs">
        <input
          className="input runs-search"
          type="search"
          aria-label="Search all runs"
          placeholder="Search names, prompts, notes, tags …"
          value={query.search}
          onChange={event => ask({ search: event.target.value })}
        />
        <Segmented
          name="Shelf"
          id="shelf"
          options={SHELVES}
          value={shelf}
          onChange={next =>
            ask({ starred: next === 'starred', archived: next === 'archived', deleted: next === 'deleted' })
          }
        />
        <Choice
          label="Study"
          value={query.study ?? ''}
          options={[['', 'All studies'], ...studies]}
          onChange={study => navigate({ view: 'runs', ...without(query, 'study'), ...(study === '' ? {} : { study }) })}
        />
        <Choice
          label="State"
          value={query.state ?? ''}
          options={[['', 'Any state'], ...RUN_STATES.map(state => [state, state] as const)]}
          onChange={value => {
            const state = RUN_STATES.find(known => known === value)
            navigate({ view: 'runs', ...without(query, 'state'), ...(state === undefined ? {} : { state }) }, 'replace')
          }}
        />
        <Choice
          label="Sort"
          value={query.sort ?? 'newest'}
          options={RUN_SORTS.map(sort => [sort, SORT_WORDS[sort]] as const)}
          onChange={value => {
            const sort = RUN_SORTS.find(known => known === value && known !== 'newest')
            navigate({ view: 'runs', ...without(query, 'sort'), ...(sort === undefined ? {} : { sort }) }, 'replace')
          }}
        />
      </search>
      <Tags label="Find by tag" tags={tagsOf(runs ?? [])} chosen={query.tags} onTag={toggleTag} />
      {query.deleted === true ? (
        <DeletedRuns search={query.search} />
      ) : (
        <Found
          question={JSON.stringify(query)}
          runs={found}
          all={runs?.length ?? null}
          chosen={comparing}
          onChoose={choose}
          onTag={toggleTag}
        />
      )}
    </ImportDrop>
  )
}

/** Asks for runs with this tag as well, or no longer. */
function toggleTag(tag: string): void {
  const route = currentRoute()
  if (route.view !== 'runs') return
  const others = route.tags.filter(other => other.toLowerCase() !== tag.toLowerCase())
  navigate({ ...route, tags: others.length < route.tags.length ? others : [...others, tag] }, 'replace')
}

interface FoundProps {
  /** Another one begins at its top. */
  readonly question: string
  readonly runs: readonly RunSummary[]
  /** Null until the server has told them. */
  readonly all: number | null
  readonly chosen: readonly string[]
  readonly onChoose: (run: string, chosen: boolean) => void
  readonly onTag: (tag: string) => void
}

/** Rows at first, and more each time the end of the list comes near. */
const ROWS = 25

function Found({ question, runs, all, chosen, onChoose, onTag }: FoundProps) {
  const [rows, setRows] = useState(ROWS)
  const [asked, setAsked] = useState(question)
  // Not a list made anew: the tag that was pressed in it keeps the focus.
  if (asked !== question) {
    setAsked(question)
    setRows(ROWS)
  }
  const list = useRef<HTMLUListElement>(null)
  useRowFocus(list)
  const end = useRef<HTMLDivElement>(null)
  const nearEnd = useSeen(end)
  if (nearEnd && rows < runs.length) setRows(rows + ROWS)
  return (
    <>
      <p className="muted small" role="status" aria-label="Runs found">
        {all === null
          ? ''
          : all === 0
            ? 'Runs will be listed here.'
            : `${runs.length} of ${all} ${all === 1 ? 'run' : 'runs'}`}
      </p>
      <ul ref={list} className="run-cards" aria-label="Runs found" onKeyDown={moveByArrows}>
        {runs.slice(0, rows).map(run => (
          <li key={run.id}>
            <RunCard run={run} chosen={chosen.includes(run.id)} onChoose={onChoose} onTag={onTag} />
          </li>
        ))}
      </ul>
      <div ref={end} />
    </>
  )
}

/** Up and down go from run to run; what is in a run is reached with Tab. */
function moveByArrows(event: KeyboardEvent<HTMLUListElement>): void {
  if (event.key !== 'ArrowDown' && event.key !== 'ArrowUp') return
  if (event.target instanceof HTMLTextAreaElement || event.target instanceof HTMLInputElement) return
  const names = [...event.currentTarget.querySelectorAll<HTMLElement>('a.run-card-name')]
  const card = (event.target as HTMLElement).closest('.run-card')
  const at = names.findIndex(name => card?.contains(name) === true)
  const next = names[at + (event.key === 'ArrowDown' ? 1 : -1)]
  if (next === undefined) return
  event.preventDefault()
  next.focus()
}

interface ChoiceProps {
  readonly label: string
  readonly value: string
  readonly options: readonly (readonly [value: string, label: string])[]
  readonly onChange: (value: string) => void
}

function Choice({ label, value, options, onChange }: ChoiceProps) {
  return (
    <select
      className="input runs-choice"
      aria-label={label}
      value={value}
      onChange={event => onChange(event.target.value)}
    >
      {options.map(([option, words]) => (
        <option key={option} value={option}>
          {words}
        </option>
      ))}
    </select>
  )
}

function without<K extends keyof RunQuery>(query: RunQuery, key: K): Omit<RunQuery, K> {
  const { [key]: _, ...rest } = query
  return rest
}
