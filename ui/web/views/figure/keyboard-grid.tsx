/**
 * The grid around a picture of cells. Assistive technology is told of one cell, the one under the
 * cursor: a table with an element for each of 131,072 cells would serve nobody. Roles are spread
 * from objects because no HTML element means "a grid of which one cell is here".
 */
import { type KeyboardEvent, type ReactNode, type RefObject, useId } from 'react'
import type { FigureView } from '../../../client/run-view.ts'
import { formatNumber } from '../../format.ts'
import { cellName } from '../../plot/panels.ts'
import { moveCursor } from './cursor.ts'

interface KeyboardGridProps {
  readonly frame: RefObject<HTMLDivElement | null>
  readonly panel: FigureView
  readonly cursor: number | null
  readonly selected: number | null
  readonly onMove: (index: number | null) => void
  readonly onOpen: (index: number) => void
  readonly children: ReactNode
}

export function KeyboardGrid({ frame, panel, cursor, selected, onMove, onOpen, children }: KeyboardGridProps) {
  const { spec, values } = panel
  const cellId = useId()
  const columns = spec.x.ticks.length
  const rows = spec.y.ticks.length
  const current = Math.min(cursor ?? selected ?? 0, columns * rows - 1)

  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === 'Enter' || event.key === ' ') {
      event.preventDefault()
      onOpen(current)
      return
    }
    const next = moveCursor(event.key, event.ctrlKey || event.metaKey, current, columns, rows)
    if (next === null) return
    event.preventDefault()
    onMove(next)
  }
  const grid = {
    role: 'grid',
    tabIndex: 0,
    'aria-label': spec.title,
    'aria-rowcount': rows,
    'aria-colcount': columns,
    'aria-activedescendant': cellId,
    onKeyDown,
    onFocus: () => {
      if (frame.current?.matches(':focus-visible') === true) onMove(current)
    },
    onBlur: () => onMove(null),
  }
  const row = { role: 'row', 'aria-rowindex': Math.floor(current / columns) + 1 }
  const cell = {
    id: cellId,
    role: 'gridcell',
    'aria-colindex': (current % columns) + 1,
    'aria-selected': current === selected,
  }
  return (
    <div ref={frame} className="heatmap" {...grid}>
      <div className="visually-hidden" {...row}>
        <div {...cell}>
          {cellName(spec, current)}: {formatNumber(values[current] ?? Number.NaN)} {spec.unit}
        </div>
      </div>
      {children}
    </div>
  )
}
