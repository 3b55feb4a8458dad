/**
 * One figure of the runs: A, B and A − B. The cell that is pointed at or chosen in one panel is framed in
 * all of them, and its values stand below in words.
 */
import { useCallback, useMemo, useState } from 'react'
import { isRefused } from '../../../compare/align.ts'
import type { ScaleMode } from '../../../compare/figures.ts'
import { letterOf, type Side, spoken } from '../../../compare/side.ts'
import { formatNumber } from '../../format.ts'
import { Segmented } from '../../parts/segmented.tsx'
import { PLAIN_LOOK } from '../../services/look.ts'
import { type CompareRoute, navigate } from '../../services/route.ts'
import { ExportButton } from '../export/export-button.tsx'
import { comparisonFile, type ExportSource } from '../export/source.ts'
import { ColourBar } from '../figure/colour-bar.tsx'
import { CellReadout } from './cell-readout.tsx'
import { ComparedPanel } from './compared-panel.tsx'
import { type ComparedView, useComparison } from './use-comparison.ts'

interface ComparedFigureProps {
  readonly route: CompareRoute
  readonly ids: readonly string[]
  readonly sides: readonly Side[]
  readonly figure: string
  readonly figures: readonly { readonly id: string; readonly title: string }[]
}

export function ComparedFigure({ route, ids, sides, figure, figures }: ComparedFigureProps) {
  const mode: ScaleMode = route.look?.all.scale === 'own' ? 'own' : 'one'
  const comparison = useComparison(sides, figure, mode)
  const [pointed, setPointed] = useState<number | null>(null)
  const title = figures.find(({ id }) => id === figure)?.title ?? figure
  const differences = spoken(sides.slice(1).map((_, run) => `A − ${letterOf(run + 1)}`))
  const shared = isRefused(comparison) || mode === 'own' ? null : comparison.views[0]?.colouring.range
  const [low = null, high = null] = shared ?? []
  const source = useMemo(
    (): ExportSource => ({
      name: `${title}, compared`,
      data: ['csv', 'json'],
      panels: `The runs’ own panels beside ${differences}`,
      // Differences alone would fill a scale of their own: that is what the other mode shows.
      scale: low === null || high === null ? null : [low, high],
      view: null,
      address: (format, query) => comparisonFile(ids, figure, format, query),
    }),
    [ids, figure, title, differences, low, high],
  )
  const open = useCallback(
    (index: number | null) => {
      navigate({ ...route, figure, cell: index === null ? null : { figure, index } }, 'replace')
    },
    [route, figure],
  )
  const setMode = (next: ScaleMode) => {
    const look = route.look ?? PLAIN_LOOK
    const { scale: _, ...all } = look.all
    navigate({ ...route, look: { ...look, all: next === 'own' ? { ...all, scale: 'own' } : all } }, 'replace')
  }

  const chooser = (
    <label className="compare-figure-choice">
      <span className="muted small">Figure</span>
      <select
        className="input"
        value={figure}
        onChange={event => navigate({ ...route, cell: null, figure: event.target.value })}
      >
        {figures.map(({ id, title: name }) => (
          <option key={id} value={id}>
            {name}
          </option>
        ))}
      </select>
    </label>
  )
  if (isRefused(comparison)) {
    return (
      <section className="card compared" aria-label={title}>
        <div className="compared-tools">{chooser}</div>
        <p className="compared-refused" role="alert">
          <b>These figures cannot be compared.</b> {comparison.refused}
        </p>
      </section>
    )
  }
  const { alignment, views } = comparison
  const [first] = views
  const difference = views.find(one => one.difference)
  const index = route.cell?.figure === figure ? route.cell.index : null
  const cells = first?.panel.values.length ?? 0
  const selected = index !== null && index < cells ? index : null
  const at = pointed ?? selected
  const valueAt = (of: typeof first) => (at === null ? null : (of?.panel.values[at] ?? null))
  return (
    <section className="card compared" aria-label={title}>
      <div className="compared-tools">
        {chooser}
        <Segmented<ScaleMode>
          name="Colour scale"
          id="compare-scale"
          options={[
            { value: 'one', label: 'One scale for all' },
            { value: 'own', label: `${differences} on its own` },
          ]}
          value={mode}
          onChange={setMode}
        />
        <ExportButton source={source} />
      </div>
      {first !== undefined && difference !== undefined && (
        <div className="compared-bars">
          <BarOf
            of={mode === 'one' ? 'All panels' : spoken(ids.map((_, run) => letterOf(run)))}
            view={first}
            value={valueAt(first)}
          />
          {mode === 'own' && <BarOf of={differences} view={difference} value={valueAt(difference)} />}
          <p className="muted small">{largest(views)}</p>
        </div>
      )}
      <div className="compared-panels" data-runs={ids.length}>
        {views.map(view => (
          <ComparedPanel
            key={view.panel.spec.id}
            view={view}
            title={view.difference ? '' : (sides[view.run]?.title ?? '')}
            selected={selected}
            pointed={pointed}
            onOpen={open}
            onPoint={setPointed}
          />
        ))}
      </div>
      <CellReadout ids={ids} figure={figure} alignment={alignment} views={views} index={at} chosen={at === selected} />
      <footer className="figure-caption">
        {sides[0]?.figures.find(({ spec }) => spec.id === figure)?.spec.caption}
        {alignment.notes.length > 0 && (
          <ul aria-label="How the runs were aligned">
            {alignment.notes.map(note => (
              <li key={note}>{note}</li>
            ))}
          </ul>
        )}
      </footer>
    </section>
  )
}

/** A difference that is small beside the runs' own values is all but white on their scale. */
function largest(views: readonly ComparedView[]): string {
  const each = views.flatMap(({ panel, difference }) => {
    if (!difference) return []
    const most = panel.values.reduce((size, value) => (Math.abs(value) > size ? Math.abs(value) : size), 0)
    return [`largest |${panel.spec.title}|: ${formatNumber(most)} ${panel.spec.unit}`]
  })
  return each.join(', ')
}

interface BarOfProps {
  readonly of: string
  readonly view: ComparedView
  readonly value: number | null
}

function BarOf({ of, view, value }: BarOfProps) {
  const { panel, colouring } = view
  return (
    <div className="compared-bar">
      <b className="small">{of}</b>
      <ColourBar colouring={colouring} metric={panel.spec.metric} unit={panel.spec.unit} value={value} />
    </div>
  )
}
