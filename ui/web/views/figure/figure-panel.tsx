/** One figure with its title, how much of it has arrived, and its downloads. */
import { memo, useCallback, useMemo } from 'react'
import type { RunId } from '../../../../studies/runs/events.ts'
import type { FigureView } from '../../../client/run-view.ts'
import type { Scale } from '../../../figures/colours.ts'
import { statisticsOf } from '../../plot/statistics.ts'
import type { FigureLook } from '../../services/look.ts'
import { ColourBar } from './colour-bar.tsx'
import { Downloads } from './downloads.tsx'
import { Heatmap } from './heatmap.tsx'

interface FigurePanelProps {
  readonly run: RunId
  readonly panel: FigureView
  readonly look: FigureLook
  /** The colours, in parts: a panel whose colours did not change is not drawn again. */
  readonly scale: Scale
  readonly low: number
  readonly high: number
  /** Whether the colours are this panel's alone, and so explained here. */
  readonly ownColours: boolean
  /** Whether the ends of the scale were typed: a picture can follow. */
  readonly typedScale: boolean
  readonly selected: number | null
  readonly linked: number | null
  readonly help: string
  readonly onOpen: (figure: string, index: number) => void
  /** The cell under the pointer or cursor. */
  readonly onPoint: (panel: FigureView, index: number | null) => void
  readonly onZoom?: ((zoom: FigureLook['zoom']) => void) | undefined
}

export const FigurePanel = memo(function FigurePanel(props: FigurePanelProps) {
  const { run, panel, scale, low, high, onOpen, onPoint } = props
  const colouring = useMemo(() => ({ scale, range: [low, high] as const }), [scale, low, high])
  const { spec, values } = panel
  const { filled } = statisticsOf(panel)
  const onHover = useCallback((index: number | null) => onPoint(panel, index), [onPoint, panel])
  const open = useCallback((index: number) => onOpen(spec.id, index), [onOpen, spec.id])
  return (
    <figure className="panel" id={`panel-${spec.id}`} aria-label={spec.title}>
      <div className="panel-head">
        <h3>{spec.title}</h3>
        <span className="muted small">
          {filled.toLocaleString('en')} / {values.length.toLocaleString('en')} cells
        </span>
      </div>
      {props.ownColours && <ColourBar colouring={colouring} metric={spec.metric} unit={spec.unit} value={null} brief />}
      <Heatmap
        panel={panel}
        look={props.look}
        colouring={colouring}
        selected={props.selected}
        linked={props.linked}
        help={props.help}
        onOpen={open}
        onHover={onHover}
        onZoom={props.onZoom}
      />
      <Downloads run={run} panel={panel} scale={props.typedScale ? colouring.range : null} look={props.look} />
    </figure>
  )
})
