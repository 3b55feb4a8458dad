/**
 * Runs side by side: A, B and A − B of any figure, what differs in their parameters, their tables. The
 * address holds which runs, which figure, which cell and which scale.
 */
import { useEffect, useMemo } from 'react'
import type { RunSummary } from '../../../../studies/runs/events.ts'
import { comparableFigures } from '../../../compare/figures.ts'
import { MAX_SIDES, type Side } from '../../../compare/side.ts'
import { comparedSummary, comparedTables } from '../../../compare/tables.ts'
import { useStudies } from '../../services/catalog.ts'
import { type FollowedRun, useRuns, useRunsTogether } from '../../services/feed.ts'
import { type CompareRoute, navigate } from '../../services/route.ts'
import { DataTable } from '../table/data-table.tsx'
import { ComparedFigure } from './compared-figure.tsx'
import { DifferingParameters } from './differing-parameters.tsx'
import { RunPicker } from './run-picker.tsx'
import { Sides } from './sides.tsx'
import './compare.css'

export function ComparePage({ route }: { readonly route: CompareRoute }) {
  const ids = useMemo(() => [...new Set(route.runs)].slice(0, MAX_SIDES), [route.runs])
  const followed = useRunsTogether(ids)
  const summaries = useRuns()
  const sides = useMemo(() => sidesOf(followed, summaries ?? []), [followed, summaries])
  const schema = useStudies().value?.find(study => study.id === sides[0]?.record.study)?.params
  const figures = comparableFigures(sides)
  const shared = figures.filter(({ id }) => sides.every(side => side.figures.some(({ spec }) => spec.id === id)))
  const figure = route.cell?.figure ?? route.figure ?? shared[0]?.id ?? figures[0]?.id

  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      // A dialog takes its own Escape.
      if (event.key === 'Escape' && document.querySelector('dialog[open]') === null) {
        navigate({ ...route, cell: null, ...(figure === undefined ? {} : { figure }) }, 'replace')
      }
    }
    window.addEventListener('keydown', onKey)
    return () => window.removeEventListener('keydown', onKey)
  }, [route, figure])

  const tables = useMemo(() => {
    if (sides.length < 2) return []
    const summary = comparedSummary(sides)
    return [...(summary === null ? [] : [summary]), ...comparedTables(sides)]
  }, [sides])
  const problem = followed.find(one => one.problem !== null)?.problem ?? null
  const complete = ids.length > 1 && sides.length === ids.length
  return (
    <div className="page compare">
      <header className="compare-head">
        <h1>Compare runs</h1>
        <Sides ids={ids} summaries={summaries ?? []} sides={sides} onChange={runs => navigate({ ...route, runs })} />
        {ids.length < MAX_SIDES && (
          <RunPicker
            open={ids.length < 2}
            chosen={ids}
            runs={summaries}
            onPick={run => navigate({ ...route, runs: [...ids, run] })}
          />
        )}
        {problem !== null && <p className="sentence-error">{problem}</p>}
      </header>
      {complete && (
        <>
          <DifferingParameters sides={sides} schema={schema} />
          {figure === undefined ? (
            <p className="muted">Figures appear here as soon as the runs have declared them.</p>
          ) : (
            <ComparedFigure route={route} ids={ids} sides={sides} figure={figure} figures={figures} />
          )}
          {tables.map(table => (
            <DataTable key={table.id} table={table} />
          ))}
        </>
      )}
    </div>
  )
}

/** The runs that have arrived, in order; shorter than what was asked for until all have. */
function sidesOf(followed: readonly FollowedRun[], summaries: readonly RunSummary[]): readonly Side[] {
  return followed.flatMap(({ view }): readonly Side[] => {
    if (view === null) return []
    const { record, tables, summary } = view
    const title = summaries.find(({ id }) => id === record.id)?.title ?? record.title ?? record.studyTitle
    return [{ record, title, figures: [...view.figures.values()], tables, summary }]
  })
}
