/** The page's one connection: its state, the list of runs that it keeps current, and runs as they grow. */
import { useEffect, useMemo, useRef, useState, useSyncExternalStore } from 'react'
import type { RunId, RunSummary } from '../../../studies/runs/events.ts'
import { api } from '../../client/api.ts'
import { type FeedStatus, RunFeed } from '../../client/run-feed.ts'
import type { RunView } from '../../client/run-view.ts'
import type { RunWatch } from '../../client/run-watch.ts'
import { refreshCatalog, refreshStudies } from './catalog.ts'
import { createStore, useStore } from './store.ts'
import { toast, toastError } from './toasts.ts'

const feed = new RunFeed()
const runs = createStore<readonly RunSummary[] | null>(null)
let wasOffline = false
/** Changes told while the whole list is on its way, which may be older than they are; null when none is. */
let told: (() => void)[] | null = null

feed.onRuns((changed, removed) => merge(changed, removed))
feed.onStudies(() => void refreshStudies())
feed.onProblem(problem => toast('error', problem))
feed.onStatus(() => {
  if (feed.status === 'offline') wasOffline = true
  if (feed.status !== 'live') return
  // What happened to the list while nobody listened is not told again.
  const since: (() => void)[] = []
  told = since
  api
    .runs()
    .then(list => runs.set(sorted(list)), toastError)
    .finally(() => {
      told = null
      for (const again of since) again()
    })
  if (wasOffline) refreshCatalog()
  wasOffline = false
})

/** Takes a run's new summary before the server's own message about it comes. */
export function merge(changed: readonly RunSummary[], removed: readonly RunId[] = []): void {
  told?.push(() => merge(changed, removed))
  const touched = new Set([...removed, ...changed.map(run => run.id)])
  runs.set(before => sorted([...changed, ...(before ?? []).filter(run => !touched.has(run.id))]))
}

function sorted(list: readonly RunSummary[]): RunSummary[] {
  return [...list].sort((a, b) => b.createdAt.localeCompare(a.createdAt) || b.id.localeCompare(a.id))
}

/** Newest first; null until the server has told them. */
export const useRuns = (): readonly RunSummary[] | null => useStore(runs)

export function useFeedStatus(): FeedStatus {
  return useSyncExternalStore(feed.onStatus, () => feed.status)
}

export interface FollowedRun {
  readonly view: RunView | null
  readonly problem: string | null
}

const noChanges = () => () => {}

/**
 * A run, redrawn as it grows (at most ten times a second). That its process is gone without a word
 * stands in no journal: only the list of runs can tell, and its word counts.
 */
export function useRun(run: RunId): FollowedRun {
  const [watch, setWatch] = useState<RunWatch | null>(null)
  useEffect(() => {
    const opened = feed.watch(run)
    setWatch(opened)
    return () => opened.close()
  }, [run])
  const current = watch?.run === run ? watch : null
  const view = useSyncExternalStore(current?.subscribe ?? noChanges, () => current?.view ?? null)
  const problem = useSyncExternalStore(current?.subscribe ?? noChanges, () => current?.problem ?? null)
  const interrupted = useRuns()?.some(one => one.id === run && one.state === 'interrupted') === true
  const told = useMemo(
    () => (view !== null && interrupted ? { ...view, state: 'interrupted' as const } : view),
    [view, interrupted],
  )
  return { view: told, problem }
}

/** Several runs at once, in the order asked for, each as `useRun` gives it. */
export function useRunsTogether(ids: readonly RunId[]): readonly FollowedRun[] {
  const key = ids.join()
  const [watches, setWatches] = useState<readonly RunWatch[]>([])
  useEffect(() => {
    const opened = key === '' ? [] : key.split(',').map(run => feed.watch(run))
    setWatches(opened)
    return () => {
      for (const watch of opened) watch.close()
    }
  }, [key])
  const subscribe = useMemo(() => {
    return (listener: () => void) => {
      const stops = watches.map(watch => watch.subscribe(listener))
      return () => {
        for (const stop of stops) stop()
      }
    }
  }, [watches])
  const seen = useRef<readonly FollowedRun[]>([])
  return useSyncExternalStore(subscribe, () => {
    const now = ids.map((id): FollowedRun => {
      const watch = watches.find(({ run }) => run === id)
      return { view: watch?.view ?? null, problem: watch?.problem ?? null }
    })
    const before = seen.current
    const same =
      before.length === now.length &&
      now.every(({ view, problem }, i) => view === before[i]?.view && problem === before[i]?.problem)
    if (!same) seen.current = now
    return seen.current
  })
}
