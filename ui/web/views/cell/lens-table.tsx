/**
 * The lens as a table that can be walked: layers down, tokens across, in each cell the top token on the
 * colour of its probability. Rows are redrawn one at a time, since a cursor moves through 1,600 cells.
 */
import { type KeyboardEvent, memo, type PointerEvent, useEffect, useId, useRef } from 'react'
import type { CellLens } from '../../../../studies/runs/cell/types.ts'
import { colourAt, takesDarkInk } from '../../../figures/colours.ts'
import { formatProbability } from '../../format.ts'
import { numbered } from '../../parts/numbered.ts'
import { moveCursor } from '../figure/cursor.ts'
import type { Side } from './drawer-place.ts'

interface LensTableProps {
  readonly lens: CellLens
  readonly side: Side
  readonly cursor: number | null
  readonly onCursor: (cursor: number | null) => void
}

export function LensTable({ lens, side, cursor, onCursor }: LensTableProps) {
  const id = useId()
  const table = useRef<HTMLTableElement>(null)
  const columns = lens.window.labels.length
  const rows = lens.rows.length
  const last = rows * columns - 1

  // What comes out at the end is what a reader looks for; a long prompt begins far to the left of it.
  const { from } = lens.window
  useEffect(() => {
    const box = table.current?.parentElement
    if (box !== null && box !== undefined && from >= 0) box.scrollLeft = box.scrollWidth
  }, [from])

  const onKeyDown = (event: KeyboardEvent) => {
    const control = event.ctrlKey || event.metaKey
    const next = moveCursor(event.key, control, cursor ?? last, columns, rows)
    if (next === null) return
    event.preventDefault()
    onCursor(next)
    document.getElementById(`${id}-${next}`)?.scrollIntoView({ block: 'nearest', inline: 'nearest' })
  }
  const pointed = (event: PointerEvent) => {
    const cell = event.target instanceof Element ? event.target.closest('td') : null
    const at = Number(cell?.dataset.at ?? Number.NaN)
    onCursor(Number.isNaN(at) ? null : at)
  }
  const grid = {
    role: 'grid',
    tabIndex: 0,
    'aria-label': 'Logit lens',
    'aria-activedescendant': cursor === null ? undefined : `${id}-${cursor}`,
    onKeyDown,
    onFocus: () => {
      if (table.current?.matches(':focus-visible') === true) onCursor(cursor ?? last)
    },
    onBlur: () => onCursor(null),
    onPointerMove: pointed,
    onPointerLeave: () => onCursor(null),
  }
  return (
    <div className="lens-scroll">
      <table ref={table} className="lens-table" {...grid}>
        <thead>
          <tr>
            <th scope="col" className="lens-corner">
              layer
            </th>
            {numbered(lens.window.labels).map(({ at, item }) => (
              <th key={at} scope="col" title={`position ${lens.window.from + at}`}>
                {item}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {lens.rows.map((name, row) => (
            <LensRow
              key={name}
              id={id}
              lens={lens}
              side={side}
              row={row}
              cursor={cursor !== null && Math.floor(cursor / columns) === row ? cursor : null}
            />
          ))}
        </tbody>
      </table>
    </div>
  )
}

interface LensRowProps {
  readonly id: string
  readonly lens: CellLens
  readonly side: Side
  readonly row: number
  readonly cursor: number | null
}

const LensRow = memo(function LensRow({ id, lens, side, row, cursor }: LensRowProps) {
  const columns = lens.window.labels.length
  return (
    <tr>
      <th scope="row">{lens.rows[row]}</th>
      {numbered(lens.window.labels).map(({ at: column }) => {
        const at = row * columns + column
        const look = lookOf(lens, side, at)
        const isOn = at === cursor
        const cell = { id: `${id}-${at}`, role: 'gridcell', 'aria-selected': isOn, 'data-at': at, 'data-on': isOn }
        return (
          <td key={column} {...cell} data-turned={look.turned} style={look.style}>
            <span>{look.text}</span>
            <span className="visually-hidden"> {look.said}</span>
          </td>
        )
      })}
    </tr>
  )
})

/** Changes below this are rounding, or nothing that a reader could see. */
const LEAST = 0.005

function lookOf(lens: CellLens, side: Side, at: number) {
  const place = at * lens.choices
  const top = lens[side === 'before' ? 'before' : 'after'].top[place] ?? 0
  const turned = side === 'change' && top !== lens.before.top[place]
  const value = side === 'change' ? (lens.risen[at] ?? null) : (lens[side].prob[place] ?? null)
  const still = side === 'change' && !turned && Math.abs(value ?? 0) < LEAST
  const colour =
    value === null || still
      ? null
      : side === 'change'
        ? colourAt('diverging', (value + 1) / 2)
        : colourAt('sequential', value)
  return {
    turned,
    text: still ? '' : (lens.labels[top] ?? ''),
    said: still ? 'unchanged' : formatProbability(value ?? Number.NaN),
    style: colour === null ? {} : { background: colour, color: takesDarkInk(colour) ? '#111417' : '#ffffff' },
  }
}
