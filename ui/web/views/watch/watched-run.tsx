/** A run in short: its state, its progress, and its first group of figures. */
import type { RunId } from '../../../../studies/runs/events.ts'
import { Link } from '../../parts/link.tsx'
import { Progress } from '../../parts/progress.tsx'
import { StateBadge } from '../../parts/state-badge.tsx'
import { groupPanels } from '../../plot/panels.ts'
import { useRun, useRuns } from '../../services/feed.ts'
import { navigate } from '../../services/route.ts'
import { FigureGroup } from '../figure/figure-group.tsx'

export function WatchedRun({ run }: { readonly run: RunId }) {
  const { view, problem } = useRun(run)
  const summary = useRuns()?.find(one => one.id === run)
  const group = view === null ? undefined : groupPanels([...view.figures.values()])[0]
  const title = view?.record.studyTitle ?? summary?.studyTitle ?? run
  return (
    <section className="watched" aria-label={title}>
      <header className="watched-head">
        <h2>
          <Link to={{ view: 'run', run, cell: null }}>{title}</Link>
        </h2>
        <span className="muted watched-title">{summary?.title}</span>
        {view !== null && <StateBadge state={view.state} />}
      </header>
      {view?.progress != null && view.state !== 'done' && (
        <Progress
          name={`Progress of ${title}`}
          done={view.progress.done}
          total={view.progress.total}
          etaMs={view.progress.etaMs}
        />
      )}
      {(problem ?? view?.error ?? null) !== null && <p className="sentence-error">{problem ?? view?.error}</p>}
      {group !== undefined && (
        <FigureGroup run={run} group={group} selected={null} onOpen={cell => navigate({ view: 'run', run, cell })} />
      )}
    </section>
  )
}
