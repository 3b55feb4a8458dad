/** Which runs a list shows, and in which order. */
import type { RunSummary } from '../../../../studies/runs/events.ts'
import { hasWords } from '../../../../studies/runs/find-runs.ts'
import type { RunQuery, RunSort } from '../../services/route.ts'
import { runName } from '../../services/run-actions.ts'

/** Archived runs are left out unless they are asked for; a run must have every tag. */
export function findRuns(runs: readonly RunSummary[], query: Omit<RunQuery, 'deleted'>): RunSummary[] {
  const found = runs.filter(
    run =>
      run.meta.archived === query.archived &&
      (!query.starred || run.meta.starred) &&
      (query.study === undefined || run.study === query.study) &&
      (query.state === undefined || run.state === query.state) &&
      query.tags.every(tag => run.meta.tags.some(other => other.toLowerCase() === tag.toLowerCase())) &&
      hasWords(run, query.search),
  )
  return sorted(found, query.sort ?? 'newest')
}

const BY: Readonly<Record<RunSort, (a: RunSummary, b: RunSummary) => number>> = {
  newest: (a, b) => b.createdAt.localeCompare(a.createdAt),
  oldest: (a, b) => a.createdAt.localeCompare(b.createdAt),
  name: (a, b) => runName(a).localeCompare(runName(b)),
  study: (a, b) => a.studyTitle.localeCompare(b.studyTitle),
  model: (a, b) => a.model.localeCompare(b.model),
}

/** Equal ones newest first. */
function sorted(runs: readonly RunSummary[], sort: RunSort): RunSummary[] {
  return [...runs].sort((a, b) => BY[sort](a, b) || BY.newest(a, b) || b.id.localeCompare(a.id))
}

/** Every tag in use, the commonest first. */
export function tagsOf(runs: readonly RunSummary[]): readonly string[] {
  const counts = new Map<string, { readonly tag: string; count: number }>()
  for (const tag of runs.flatMap(run => run.meta.tags)) {
    const known = counts.get(tag.toLowerCase())
    if (known === undefined) counts.set(tag.toLowerCase(), { tag, count: 1 })
    else known.count += 1
  }
  return [...counts.values()].sort((a, b) => b.count - a.count || a.tag.localeCompare(b.tag)).map(({ tag }) => tag)
}
