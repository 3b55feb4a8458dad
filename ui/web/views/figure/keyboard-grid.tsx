/**
 * The grid around a picture: what keyboards and screen readers walk. Assistive technology is told the
 * grid's size and the row under the cursor, a stretch of it: an element for each of 131,072 cells
 * would serve nobody. Roles are spread from objects because no HTML element means "a grid of which one
 * row is here".
 */
import { type FocusEvent, type KeyboardEvent, type ReactNode, useId } from 'react'
import type { Place } from '../../../figures/shown.ts'
import { moveCursor } from './cursor.ts'

interface KeyboardGridProps {
  readonly name: string
  /** The id of what says how the keys work. */
  readonly help?: string | undefined
  readonly rows: number
  readonly columns: number
  /** Where the keyboard's cursor is; null while it is elsewhere on the page. */
  readonly cursor: Place | null
  readonly selected: Place | null
  /** What is at a place, in words. */
  readonly describe: (place: Place) => string
  readonly onMove: (to: Place | null) => void
  readonly onOpen?: (at: Place) => void
  /** A step beyond the edge of what is shown; `onMove` to where the cursor stays has been called. */
  readonly onLeave?: (from: Place, columns: number, rows: number) => void
  /** Nearer, farther, or all of it. */
  readonly onZoom?: ((how: 'in' | 'out' | 'all', at: Place) => void) | undefined
  readonly children: ReactNode
}

/** Cells to either side of the cursor that are in the document. */
const REACH = 8

const ZOOM_KEYS: Readonly<Record<string, 'in' | 'out' | 'all'>> = { '+': 'in', '=': 'in', '-': 'out', '0': 'all' }

export function KeyboardGrid(props: KeyboardGridProps) {
  const { name, help, rows, columns, cursor, selected, describe, onMove, onOpen, onLeave, onZoom } = props
  const grid = useId()
  const at = within(cursor ?? selected ?? { column: 0, row: 0 }, columns, rows)

  const onKeyDown = (event: KeyboardEvent) => {
    const zoom = event.ctrlKey || event.metaKey || event.altKey ? undefined : ZOOM_KEYS[event.key]
    if ((event.key === 'Enter' || event.key === ' ') && onOpen !== undefined) onOpen(at)
    else if (zoom !== undefined && onZoom !== undefined) onZoom(zoom, at)
    else {
      const next = moveCursor(event.key, event.ctrlKey || event.metaKey, at.row * columns + at.column, columns, rows)
      if (next === null) return
      const to = { column: next % columns, row: Math.floor(next / columns) }
      onMove(to)
      const step = STEPS[event.key]
      if (to.column === at.column && to.row === at.row && step !== undefined) onLeave?.(at, ...step)
    }
    event.preventDefault()
  }
  const idOf = (column: number) => `${grid}-${at.row}-${column}`
  const attributes = {
    role: 'grid',
    tabIndex: 0,
    'aria-label': name,
    'aria-readonly': true,
    'aria-rowcount': rows,
    'aria-colcount': columns,
    'aria-activedescendant': idOf(at.column),
    ...(help === undefined ? {} : { 'aria-describedby': help }),
    onKeyDown,
    onFocus: (event: FocusEvent) => {
      if (event.currentTarget.matches(':focus-visible')) onMove(at)
    },
    onBlur: () => onMove(null),
  }
  const reach = cursor === null ? 0 : REACH
  const first = Math.max(0, at.column - reach)
  const last = Math.min(columns - 1, at.column + reach)
  const row = { role: 'row', 'aria-rowindex': at.row + 1 }
  return (
    <div className="keyboard-grid" {...attributes}>
      {/* A row of its own for each: an element that stays is not told again. */}
      <div key={at.row} className="visually-hidden" {...row}>
        {Array.from({ length: last - first + 1 }, (_, i) => {
          const column = first + i
          const cell = {
            id: idOf(column),
            role: 'gridcell',
            'aria-colindex': column + 1,
            'aria-selected': selected?.row === at.row && selected.column === column,
          }
          return (
            <div key={column} {...cell}>
              {describe({ column, row: at.row })}
            </div>
          )
        })}
      </div>
      {props.children}
    </div>
  )
}

const STEPS: Readonly<Record<string, readonly [columns: number, rows: number]>> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
}

function within({ column, row }: Place, columns: number, rows: number): Place {
  return { column: Math.min(column, columns - 1), row: Math.min(row, rows - 1) }
}
