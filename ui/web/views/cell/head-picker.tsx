/** All heads of a layer as small pictures, to choose one by. */
import { useEffect, useId, useRef } from 'react'
import type { CellAttention } from '../../../../studies/runs/cell/types.ts'
import { formatNumber } from '../../format.ts'
import { numbered } from '../../parts/numbered.ts'
import type { Side } from './drawer-place.ts'
import { paint } from './pattern-grid.tsx'

interface HeadPickerProps {
  readonly attention: CellAttention
  /** The chosen one, which may still be on its way. */
  readonly head: number
  readonly side: Side
  /** Heads that the patch itself changes. */
  readonly patched: ReadonlySet<number>
  readonly colourOf: (value: number) => string
  readonly onChoose: (head: number) => void
}

const PICTURE_PX = 48

export function HeadPicker({ attention, head, side, patched, colourOf, onChoose }: HeadPickerProps) {
  const id = useId()
  return (
    <div className="heads" role="radiogroup" aria-label={`Heads of layer ${attention.layer}`}>
      {numbered(attention.heads).map(({ at, item }) => (
        <label key={at} className="head" data-patched={patched.has(at)}>
          <input
            type="radio"
            name={id}
            checked={at === head}
            onChange={() => onChoose(at)}
            aria-label={`Head ${at}${patched.has(at) ? ', patched' : ''}, changes by up to ${formatNumber(attention.changes[at] ?? 0)}`}
          />
          <span className="head-picture">
            <Small values={sideValues(item, side)} size={attention.size} colourOf={colourOf} />
            <span className="head-name">{at}</span>
          </span>
        </label>
      ))}
    </div>
  )
}

function sideValues({ before, after }: CellAttention['heads'][number], side: Side): readonly number[] {
  if (side === 'change') return after.map((weight, i) => weight - (before[i] ?? 0))
  return side === 'after' ? after : before
}

interface SmallProps {
  readonly values: readonly number[]
  readonly size: number
  readonly colourOf: (value: number) => string
}

function Small({ values, size, colourOf }: SmallProps) {
  const canvas = useRef<HTMLCanvasElement>(null)
  useEffect(() => paint(canvas.current, values, size, PICTURE_PX / size, colourOf), [values, size, colourOf])
  return <canvas ref={canvas} />
}
