/** Panels that belong together: one metric, one colour scale, one legend, one way of looking at them. */
import { memo, useCallback, useId, useState } from 'react'
import type { RunId } from '../../../../studies/runs/events.ts'
import type { FigureView } from '../../../client/run-view.ts'
import { shareCaption } from '../../plot/caption.ts'
import { colouringsOf } from '../../plot/colouring.ts'
import { MAX_DRAWN_MARKS } from '../../plot/marks.ts'
import { type PanelGroup, sameAxes } from '../../plot/panels.ts'
import { statisticsOf } from '../../plot/statistics.ts'
import { type FigureLook, PLAIN_FIGURE } from '../../services/look.ts'
import type { CellAddress } from '../../services/route.ts'
import { ColourBar } from './colour-bar.tsx'
import { FigurePanel } from './figure-panel.tsx'
import { LineView } from './line-view.tsx'
import { Toolbar } from './toolbar.tsx'
import './figure.css'

interface FigureGroupProps {
  readonly run: RunId
  readonly group: PanelGroup
  readonly selected: CellAddress | null
  readonly onOpen: (cell: CellAddress) => void
  /** @default as when the page is first seen */
  readonly look?: FigureLook
  /** Without it, the way of looking cannot be changed here. Takes the group's key. */
  readonly onLook?: (group: string, change: Partial<FigureLook>) => void
}

export const FigureGroup = memo(function FigureGroup(props: FigureGroupProps) {
  const { run, group, selected, onOpen, look = PLAIN_FIGURE, onLook } = props
  const { panels, id } = group
  const help = useId()
  const [pointed, setPointed] = useState<{ readonly panel: FigureView; readonly index: number } | null>(null)
  const point = useCallback(
    (panel: FigureView, index: number | null) => setPointed(index === null ? null : { panel, index }),
    [],
  )
  const open = useCallback((figure: string, index: number) => onOpen({ figure, index }), [onOpen])
  const zoom = useCallback((to: FigureLook['zoom']) => onLook?.(id, { zoom: to }), [onLook, id])
  const change = useCallback((what: Partial<FigureLook>) => onLook?.(id, what), [onLook, id])
  const colourings = colouringsOf(panels, look)

  const first = panels[0]?.spec
  const shared = colourings[0]
  if (first === undefined || shared === undefined) return null
  const oneMetric = panels.every(panel => panel.spec.metric === first.metric)
  const metric = oneMetric ? first.metric : 'effect'
  const heading = first.group ?? (oneMetric ? first.metric : `${first.y.label} × ${first.x.label}`)
  const lines = look.view === 'line'
  return (
    <section
      className="figure-group card"
      id={`figure-${id}`}
      aria-label={panels.map(panel => panel.spec.title).join(', ')}
    >
      <header className="figure-group-head">
        <h2>{heading}</h2>
        {!lines && look.scale !== 'own' && (
          <ColourBar
            colouring={shared}
            metric={metric}
            unit={first.unit}
            value={pointed === null ? null : (pointed.panel.values[pointed.index] ?? null)}
          />
        )}
      </header>
      {onLook !== undefined && (
        <Toolbar name={heading} panels={panels} look={look} range={shared.range} onChange={change} />
      )}
      <p id={help} className="visually-hidden">
        Arrow keys move, Enter opens the cell, Escape closes it
        {onLook === undefined ? '' : ', plus and minus zoom, 0 shows all'}.
      </p>
      {lines ? (
        <LineView name={heading} metric={metric} panels={panels} look={look} help={help} />
      ) : (
        <div className="panels" data-wide={panels.some(panel => panel.spec.x.ticks.length > 48)}>
          {panels.map((panel, i) => (
            <FigurePanel
              key={panel.spec.id}
              run={run}
              panel={panel}
              look={look}
              scale={colourings[i]?.scale ?? shared.scale}
              low={colourings[i]?.range[0] ?? shared.range[0]}
              high={colourings[i]?.range[1] ?? shared.range[1]}
              ownColours={look.scale === 'own'}
              typedScale={typeof look.scale !== 'string'}
              selected={selected?.figure === panel.spec.id ? selected.index : null}
              linked={
                pointed !== null && pointed.panel.spec !== panel.spec && sameAxes(pointed.panel.spec, panel.spec)
                  ? pointed.index
                  : null
              }
              help={help}
              onOpen={open}
              onPoint={point}
              onZoom={onLook === undefined ? undefined : zoom}
            />
          ))}
        </div>
      )}
      <Captions panels={panels} />
    </section>
  )
})

function Captions({ panels }: { readonly panels: readonly FigureView[] }) {
  const captions = shareCaption(panels.map(panel => panel.spec.caption))
  const meanings = new Map(panels.flatMap(panel => panel.spec.marks).map(mark => [mark.symbol, mark.meaning]))
  const crowded = panels.some(panel => statisticsOf(panel).marked > MAX_DRAWN_MARKS)
  return (
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
      {crowded && (
        <p>More than {MAX_DRAWN_MARKS.toLocaleString('en')} cells are marked: marks show once they are zoomed to.</p>
      )}
    </footer>
  )
}
