/** One figure with its title, how much of it has arrived, and its downloads. */
import { useCallback } from 'react'
import type { RunId } from '../../../../studies/runs/events.ts'
import type { FigureView } from '../../../client/run-view.ts'
import type { Colouring } from '../../plot/figure.ts'
import { filledCells } from '../../plot/panels.ts'
import { Downloads } from './downloads.tsx'
import { Heatmap } from './heatmap.tsx'

interface FigurePanelProps {
  readonly run: RunId
  readonly panel: FigureView
  readonly colouring: Colouring
  readonly selected: number | null
  readonly onOpen: (index: number) => void
  /** The value under the pointer or cursor. */
  readonly onPoint: (value: number | null) => void
}

export function FigurePanel({ run, panel, colouring, selected, onOpen, onPoint }: FigurePanelProps) {
  const { spec, values } = panel
  const filled = filledCells(panel)
  const onHover = useCallback(
    (index: number | null) => onPoint(index === null ? null : (values[index] ?? null)),
    [onPoint, values],
  )
  return (
    <figure className="panel" aria-label={spec.title}>
      <div className="panel-head">
        <h3>{spec.title}</h3>
        <span className="muted small">
          {filled.toLocaleString('en')} / {values.length.toLocaleString('en')} cells
        </span>
      </div>
      <Heatmap panel={panel} colouring={colouring} selected={selected} onOpen={onOpen} onHover={onHover} />
      <Downloads run={run} panel={panel} />
    </figure>
  )
}
