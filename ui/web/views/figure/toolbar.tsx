/**
 * How a group of figures is looked at, in one quiet row: heatmap or lines, the other way round, nearer
 * and farther. What is rarer waits behind "Adjust", and whatever was changed there stays in sight as
 * something that can be taken back.
 */
import { useId, useState } from 'react'
import type { FigureView } from '../../../client/run-view.ts'
import type { ColourRange } from '../../../figures/colours.ts'
import { shownCells } from '../../../figures/shown.ts'
import { Icon } from '../../parts/icon.tsx'
import { Segmented } from '../../parts/segmented.tsx'
import { zoomBy } from '../../plot/zoom.ts'
import { type FigureLook, PLAIN_FIGURE, type View } from '../../services/look.ts'
import { Adjust } from './adjust.tsx'
import { changesOf } from './changes.ts'
import './toolbar.css'

interface ToolbarProps {
  readonly name: string
  readonly panels: readonly FigureView[]
  readonly look: FigureLook
  /** The values at the ends of the scale, as it is. */
  readonly range: ColourRange
  readonly onChange: (change: Partial<FigureLook>) => void
}

const VIEW_OPTIONS: readonly { readonly value: View; readonly label: string }[] = [
  { value: 'heat', label: 'Heatmap' },
  { value: 'line', label: 'Lines' },
]
const ZOOM_STEP = 2

export function Toolbar({ name, panels, look, range, onChange }: ToolbarProps) {
  const [open, setOpen] = useState(false)
  const id = useId()
  const first = panels[0]
  if (first === undefined) return null
  const changes = changesOf(look, panels)
  const zoomed = look.zoom.x !== null || look.zoom.y !== null
  const zoom = (factor: number) => {
    const shown = shownCells(first.spec, look)
    const whole = shownCells(first.spec, { ...look, zoom: PLAIN_FIGURE.zoom })
    const middle = { column: (shown.columns.length - 1) / 2, row: (shown.rows.length - 1) / 2 }
    onChange({ zoom: zoomBy(shown, whole, middle, factor) })
  }
  return (
    <fieldset className="toolbar" aria-label={`View of ${name}`}>
      <div className="toolbar-row">
        <Segmented
          id={`${id}-view`}
          name="View"
          options={VIEW_OPTIONS}
          value={look.view}
          onChange={view => onChange({ view })}
        />
        <button
          type="button"
          className="tool"
          aria-pressed={look.transpose}
          title="Transpose"
          onClick={() => onChange({ transpose: !look.transpose })}
        >
          <Icon name="transpose" />
          <span className="visually-hidden">Transpose</span>
        </button>
        <span className="tool-pair">
          <button type="button" className="tool" title="Zoom in" onClick={() => zoom(ZOOM_STEP)}>
            <Icon name="nearer" />
            <span className="visually-hidden">Zoom in</span>
          </button>
          <button
            type="button"
            className="tool"
            title="Zoom out"
            disabled={!zoomed}
            onClick={() => zoom(1 / ZOOM_STEP)}
          >
            <Icon name="farther" />
            <span className="visually-hidden">Zoom out</span>
          </button>
          <button
            type="button"
            className="tool"
            title="Show all"
            disabled={!zoomed}
            onClick={() => onChange({ zoom: PLAIN_FIGURE.zoom })}
          >
            <Icon name="all" />
            <span className="visually-hidden">Show all</span>
          </button>
        </span>
        <button
          type="button"
          className="tool tool-worded"
          aria-expanded={open}
          aria-controls={`${id}-adjust`}
          onClick={() => setOpen(!open)}
        >
          <Icon name="adjust" />
          Adjust
        </button>
        {changes.map(({ key, text, back }) => (
          <button
            key={key}
            type="button"
            className="change"
            aria-label={`Take back: ${text}`}
            title="Take back"
            onClick={() => onChange(back)}
          >
            {text}
            <span aria-hidden="true">×</span>
          </button>
        ))}
      </div>
      <div id={`${id}-adjust`} hidden={!open}>
        {open && <Adjust panels={panels} look={look} range={range} onChange={onChange} />}
      </div>
    </fieldset>
  )
}
