/** A run's cells on the shared axes, or what is left when a run is taken from the first. */
import { useCallback } from 'react'
import { statisticsOf } from '../../plot/statistics.ts'
import { Heatmap } from '../figure/heatmap.tsx'
import type { ComparedView } from './use-comparison.ts'

interface ComparedPanelProps {
  readonly view: ComparedView
  /** What tells the run from others; empty for a difference. */
  readonly title: string
  readonly selected: number | null
  /** The cell under the pointer in any of the panels. */
  readonly pointed: number | null
  readonly onOpen: (index: number) => void
  readonly onPoint: (index: number | null) => void
}

export function ComparedPanel({ view, title, selected, pointed, onOpen, onPoint }: ComparedPanelProps) {
  const { panel, colouring } = view
  const onHover = useCallback((index: number | null) => onPoint(index), [onPoint])
  return (
    <figure className="panel" aria-label={panel.spec.title}>
      <div className="panel-head">
        <h3>
          <span className="side-letter side-letter-small">{panel.spec.title}</span>{' '}
          <span className="compared-run">{title}</span>
        </h3>
        <span className="muted small">
          {statisticsOf(panel).filled.toLocaleString('en')} / {panel.values.length.toLocaleString('en')} cells
        </span>
      </div>
      <Heatmap
        panel={panel}
        colouring={colouring}
        selected={selected}
        linked={pointed}
        onOpen={onOpen}
        onHover={onHover}
      />
    </figure>
  )
}
