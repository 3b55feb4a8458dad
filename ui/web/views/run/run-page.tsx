/** A run: what was asked, how far it is, its figures and tables as they fill, and one cell looked at closely. */
import { useCallback, useEffect, useRef } from 'react'
import type { RunId } from '../../../../studies/runs/events.ts'
import { useRun, useRuns } from '../../services/feed.ts'
import {
  type FigureLook,
  PLAIN_LOOK,
  type TableLook,
  tableLook,
  withFigureLook,
  withTableLook,
} from '../../services/look.ts'
import { changeLook, showCell } from '../../services/place.ts'
import { type CellAddress, currentRoute, type RunRoute } from '../../services/route.ts'
import { runName } from '../../services/run-actions.ts'
import { CellDrawer } from '../cell/cell-drawer.tsx'
import { goToCell } from '../cell/drawer-place.ts'
import { FigureGroup } from '../figure/figure-group.tsx'
import { RunBar } from '../runs/run-bar.tsx'
import { SourcePanel } from '../source/source-panel.tsx'
import { DataTable } from '../table/data-table.tsx'
import { Findings } from './findings.tsx'
import { ProgressNews } from './progress-news.tsx'
import { BUSY, RunHeader } from './run-header.tsx'
import { useFigureLooks, useGroups } from './use-groups.ts'
import './run.css'

const lookAtFigures = (group: string, change: Partial<FigureLook>) =>
  changeLook(now => withFigureLook(now, group, change))
const lookAtTable = (table: string, change: Partial<TableLook>) => changeLook(now => withTableLook(now, table, change))

export function RunPage({ route }: { readonly route: RunRoute }) {
  const { run, cell, look = PLAIN_LOOK } = route
  const { view, problem } = useRun(run)
  const runs = useRuns()
  const summary = runs?.find(one => one.id === run)
  const groups = useGroups(view)
  const figureLookOf = useFigureLooks(look)
  const open = useCallback((next: CellAddress | null) => openCell(run, next), [run])

  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.key === 'Escape' && !isElsewhere(event.target)) open(null)
    }
    window.addEventListener('keydown', onKey)
    return () => window.removeEventListener('keydown', onKey)
  }, [open])

  // What the list of runs tells of this one stands above its figures: they wait for it, and do not jump.
  const isShown = view !== null && runs !== null

  // A link may be about a figure far down the page.
  const asked = useRef(cell?.figure ?? route.figure)
  useEffect(() => {
    const group = groups.find(({ panels }) => panels.some(panel => panel.spec.id === asked.current))
    if (!isShown || group === undefined) return
    // What is above has its height in the next frame.
    const frame = requestAnimationFrame(() => {
      // As lines, a group's panels are one picture.
      const picture = document.getElementById(`panel-${asked.current}`) ?? document.getElementById(`figure-${group.id}`)
      asked.current = undefined
      picture?.scrollIntoView({ block: 'nearest' })
    })
    return () => cancelAnimationFrame(frame)
  }, [groups, isShown])

  if (view === null || !isShown) {
    return (
      <div className="page" aria-busy={problem === null}>
        {problem === null ? (
          <p className="muted late">Loading the run …</p>
        ) : (
          <p className="sentence-error">{problem}</p>
        )}
      </div>
    )
  }
  const shown = cell === null ? undefined : view.figures.get(cell.figure)
  return (
    <div className="run-page" data-drawer={shown !== undefined}>
      <div className="page run-body">
        <RunHeader view={view} title={summary === undefined ? view.record.studyTitle : runName(summary)} />
        <ProgressNews state={view.state} progress={view.progress} />
        {summary !== undefined && <RunBar run={summary} />}
        {problem !== null && <p className="sentence-error">{problem}</p>}
        <Findings summary={view.summary} notes={view.notes} />
        {groups.map(group => (
          <FigureGroup
            key={group.key}
            run={run}
            group={group}
            selected={group.panels.some(panel => panel.spec.id === cell?.figure) ? cell : null}
            look={figureLookOf(group.id)}
            onOpen={open}
            onLook={lookAtFigures}
          />
        ))}
        {view.tables.map(table => (
          <DataTable key={table.id} table={table} look={tableLook(look, table.id)} onLook={lookAtTable} />
        ))}
        {groups.length === 0 && BUSY.has(view.state) && <Waiting />}
        <SourcePanel run={run} state={view.state} />
      </div>
      {cell !== null && shown !== undefined && (
        <CellDrawer run={run} panel={shown} index={cell.index} onClose={() => open(null)} />
      )}
    </div>
  )
}

/** Opens a cell in the tab that is open; where it is open already, the focus goes into its drawer. */
function openCell(run: RunId, next: CellAddress | null): void {
  const route = currentRoute()
  const now = route.view === 'run' ? route.cell : null
  const isOpen = next !== null && now?.figure === next.figure && now.index === next.index
  if (isOpen) document.getElementById('cell-drawer')?.focus()
  else if (next === null) showCell(run, null)
  else goToCell(next)
}

/** Where Escape has a meaning of its own: a dialog that it closes, a field that it clears. */
function isElsewhere(target: EventTarget | null): boolean {
  return target instanceof Element && target.closest('dialog, input[type="search"]') !== null
}

function Waiting() {
  return <p className="muted">Figures appear here as soon as their first cells are known.</p>
}
