/** Panels that belong together: one metric, one colour scale, one legend. */
import { useCallback, useMemo, useState } from 'react'
import type { RunId } from '../../../../studies/runs/events.ts'
import { shareCaption } from '../../plot/caption.ts'
import { MAX_DRAWN_MARKS } from '../../plot/figure.ts'
import { markedCells, type PanelGroup, rangeOf, scaleOf } from '../../plot/panels.ts'
import type { CellAddress } from '../../services/route.ts'
import { ColourBar } from './colour-bar.tsx'
import { FigurePanel } from './figure-panel.tsx'
import './figure.css'

interface FigureGroupProps {
  readonly run: RunId
  readonly group: PanelGroup
  readonly selected: CellAddress | null
  readonly onOpen: (cell: CellAddress) => void
}

export function FigureGroup({ run, group, selected, onOpen }: FigureGroupProps) {
  const { panels } = group
  const scale = scaleOf(panels)
  const [low, high] = rangeOf(panels)
  const colouring = useMemo(() => ({ scale, range: [low, high] as const }), [scale, low, high])
  const [pointed, setPointed] = useState<number | null>(null)
  const onPoint = useCallback((value: number | null) => setPointed(value), [])

  const first = panels[0]?.spec
  if (first === undefined) return null
  const oneMetric = panels.every(panel => panel.spec.metric === first.metric)
  const captions = shareCaption(panels.map(panel => panel.spec.caption))
  const meanings = new Map(panels.flatMap(panel => panel.spec.marks).map(mark => [mark.symbol, mark.meaning]))
  const crowded = panels.some(panel => markedCells(panel, MAX_DRAWN_MARKS) === null)
  return (
    <section className="figure-group card" aria-label={panels.map(panel => panel.spec.title).join(', ')}>
      <header className="figure-group-head">
        <h2>{first.group ?? (oneMetric ? first.metric : `${first.y.label} × ${first.x.label}`)}</h2>
        <ColourBar
          colouring={colouring}
          metric={oneMetric ? first.metric : 'effect'}
          unit={first.unit}
          value={pointed}
        />
      </header>
      <div className="panels" data-wide={panels.some(panel => panel.spec.x.ticks.length > 48)}>
        {panels.map(panel => (
          <FigurePanel
            key={panel.spec.id}
            run={run}
            panel={panel}
            colouring={colouring}
            selected={selected?.figure === panel.spec.id ? selected.index : null}
            onOpen={index => onOpen({ figure: panel.spec.id, index })}
            onPoint={onPoint}
          />
        ))}
      </div>
      <footer className="figure-caption">
        {captions.shared !== '' && <p>{captions.shared}</p>}
        {panels.map(
          (panel, i) =>
            captions.own[i] !== '' && (
              <p key={panel.spec.id}>
                <b>{panel.spec.title}.</b> {captions.own[i]}
              </p>
            ),
        )}
        {[...meanings].map(([symbol, meaning]) => (
          <p key={symbol}>
            <b>{symbol}</b> {meaning}
          </p>
        ))}
        {crowded && <p>More than {MAX_DRAWN_MARKS.toLocaleString('en')} cells are marked: the tooltip names them.</p>}
      </footer>
    </section>
  )
}
