/**
 * A query × key pattern as a picture with tokens on both axes, inside a grid that keyboards and screen
 * readers can walk. It is painted on a canvas: three of 16,384 cells as elements would be slow. Keys
 * that a query cannot see stay empty.
 */
import { type KeyboardEvent, type PointerEvent, useEffect, useId, useRef } from 'react'
import { numbered } from '../../parts/numbered.ts'
import { moveCursor } from '../figure/cursor.ts'

/** A place in a pattern. */
export interface PatternCell {
  readonly query: number
  readonly key: number
}

interface PatternGridProps {
  readonly name: string
  /** [query, key], row-major. */
  readonly values: readonly number[]
  readonly labels: readonly string[]
  /** Position of the first token. */
  readonly from: number
  readonly cellPx: number
  /** Whether the rows' tokens stand at the left; a neighbour's may serve. */
  readonly named: boolean
  readonly colourOf: (value: number) => string
  readonly cursor: PatternCell | null
  readonly onCursor: (cursor: PatternCell | null) => void
  /** What is at the cursor, in words. */
  readonly readout: (cell: PatternCell) => string
}

/** Labels that are closer than this cannot be read. */
const LABEL_PX = 10
export const ROW_LABELS_PX = 66

export function PatternGrid(props: PatternGridProps) {
  const { name, values, labels, from, cellPx, named, colourOf, cursor, onCursor, readout } = props
  const canvas = useRef<HTMLCanvasElement>(null)
  const frame = useRef<HTMLDivElement>(null)
  const cellId = useId()
  const count = labels.length
  const size = count * cellPx
  const current = cursor ?? { query: count - 1, key: count - 1 }

  useEffect(() => paint(canvas.current, values, count, cellPx, colourOf), [values, count, cellPx, colourOf])

  const at = (event: PointerEvent): PatternCell | null => {
    const box = event.currentTarget.getBoundingClientRect()
    const key = Math.floor(((event.clientX - box.left) / box.width) * count)
    const query = Math.floor(((event.clientY - box.top) / box.height) * count)
    return key >= 0 && key < count && query >= key && query < count ? { query, key } : null
  }
  const onKeyDown = (event: KeyboardEvent) => {
    const next = moveCursor(
      event.key,
      event.ctrlKey || event.metaKey,
      current.query * count + current.key,
      count,
      count,
    )
    if (next === null) return
    event.preventDefault()
    const query = Math.floor(next / count)
    // Keys after the query are none: the cursor stops at the diagonal.
    onCursor({ query, key: Math.min(query, next % count) })
  }
  const step = Math.max(1, Math.ceil(LABEL_PX / cellPx))
  const shown = numbered(labels).filter(({ at: place }) => place % step === 0)
  const grid = {
    role: 'grid',
    tabIndex: 0,
    'aria-label': name,
    'aria-rowcount': count,
    'aria-colcount': count,
    'aria-activedescendant': cellId,
    onKeyDown,
    onFocus: () => {
      if (frame.current?.matches(':focus-visible') === true) onCursor(current)
    },
    onBlur: () => onCursor(null),
  }
  const row = { role: 'row', 'aria-rowindex': current.query + 1 }
  const cell = { id: cellId, role: 'gridcell', 'aria-colindex': current.key + 1, 'aria-selected': cursor !== null }
  return (
    <div ref={frame} className="pattern" style={{ width: (named ? ROW_LABELS_PX : 0) + size }} {...grid}>
      <div className="visually-hidden" {...row}>
        <div {...cell}>{readout(current)}</div>
      </div>
      <div className="pattern-rows" aria-hidden="true" style={{ width: named ? ROW_LABELS_PX : 0, height: size }}>
        {(named ? shown : []).map(({ at: place, item }) => (
          <span
            key={place}
            data-on={cursor?.query === place}
            style={{ top: (place + 0.5) * cellPx }}
            title={`position ${from + place}`}
          >
            {item}
          </span>
        ))}
      </div>
      <div
        className="pattern-cells"
        aria-hidden="true"
        style={{ width: size, height: size }}
        onPointerMove={event => onCursor(at(event))}
        onPointerLeave={() => onCursor(null)}
      >
        <canvas ref={canvas} />
        {cursor !== null && (
          <span
            className="pattern-cursor"
            style={{ left: cursor.key * cellPx, top: cursor.query * cellPx, width: cellPx, height: cellPx }}
          />
        )}
      </div>
      <div
        className="pattern-columns"
        aria-hidden="true"
        style={{ marginLeft: named ? ROW_LABELS_PX : 0, width: size }}
      >
        {shown.map(({ at: place, item }) => (
          <span key={place} data-on={cursor?.key === place} style={{ left: (place + 0.5) * cellPx }}>
            {item}
          </span>
        ))}
      </div>
    </div>
  )
}

/** Fills the lower triangle of a canvas; nothing is drawn where no key is seen. */
export function paint(
  canvas: HTMLCanvasElement | null,
  values: readonly number[],
  count: number,
  cellPx: number,
  colourOf: (value: number) => string,
): void {
  const context = canvas?.getContext('2d')
  if (canvas === null || context === null || context === undefined) return
  const scale = Math.max(1, Math.round(window.devicePixelRatio))
  const px = Math.max(1, Math.round(cellPx * scale))
  canvas.width = count * px
  canvas.height = count * px
  canvas.style.width = `${count * cellPx}px`
  canvas.style.height = `${count * cellPx}px`
  // Neighbours are told apart by a hairline, as long as there is room for one.
  const gap = cellPx >= 7 ? 1 : 0
  for (let query = 0; query < count; query++)
    for (let key = 0; key <= query; key++) {
      context.fillStyle = colourOf(values[query * count + key] ?? 0)
      context.fillRect(key * px, query * px, px - gap, px - gap)
    }
}
