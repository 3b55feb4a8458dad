/** A run: what was asked, how far it is, its figures and tables as they fill, and one cell looked at closely. */
import { useCallback, useEffect, useMemo } from 'react'
import type { RunId } from '../../../../studies/runs/events.ts'
import { groupPanels } from '../../plot/panels.ts'
import { useRun, useRuns } from '../../services/feed.ts'
import { type CellAddress, navigate } from '../../services/route.ts'
import { CellDrawer } from '../cell/cell-drawer.tsx'
import { FigureGroup } from '../figure/figure-group.tsx'
import { DataTable } from '../table/data-table.tsx'
import { Findings } from './findings.tsx'
import { RunHeader } from './run-header.tsx'
import './run.css'

interface RunPageProps {
  readonly run: RunId
  readonly cell: CellAddress | null
}

export function RunPage({ run, cell }: RunPageProps) {
  const { view, problem } = useRun(run)
  const summary = useRuns()?.find(one => one.id === run)
  const groups = useMemo(() => groupPanels(view === null ? [] : [...view.figures.values()]), [view])
  const open = useCallback((next: CellAddress | null) => navigate({ view: 'run', run, cell: next }, 'replace'), [run])

  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.key === 'Escape') open(null)
    }
    window.addEventListener('keydown', onKey)
    return () => window.removeEventListener('keydown', onKey)
  }, [open])

  if (view === null) {
    return <div className="page">{problem === null ? <Waiting /> : <p className="sentence-error">{problem}</p>}</div>
  }
  const shown = cell === null ? undefined : view.figures.get(cell.figure)
  return (
    <div className="run-page" data-drawer={shown !== undefined}>
      <div className="page run-body">
        <RunHeader view={view} title={summary?.title ?? view.record.studyTitle} />
        {problem !== null && <p className="sentence-error">{problem}</p>}
        <Findings summary={view.summary} notes={view.notes} />
        {groups.map(group => (
          <FigureGroup key={group.key} run={run} group={group} selected={cell} onOpen={open} />
        ))}
        {view.tables.map(table => (
          <DataTable key={table.id} table={table} />
        ))}
        {groups.length === 0 && view.error === null && <Waiting />}
      </div>
      {cell !== null && shown !== undefined && (
        <CellDrawer run={run} panel={shown} index={cell.index} onClose={() => open(null)} />
      )}
    </div>
  )
}

function Waiting() {
  return <p className="muted">Figures appear here as soon as their first cells are known.</p>
}
