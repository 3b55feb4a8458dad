/** What of a group's look is not as it was first seen, in words, and what takes each back. */
import type { FigureView } from '../../../client/run-view.ts'
import { formatNumber } from '../../format.ts'
import { layerAxis } from '../../plot/shown.ts'
import { type FigureLook, PLAIN_FIGURE } from '../../services/look.ts'

export interface Change {
  readonly key: keyof FigureLook
  readonly text: string
  readonly back: Partial<FigureLook>
}

export function changesOf(look: FigureLook, panels: readonly FigureView[]): readonly Change[] {
  const { scale, colours, layers, tokens, zoom } = look
  const said: readonly (readonly [keyof FigureLook, string | null])[] = [
    ['layers', layers === null ? null : `layers ${labelOf(panels, layers.first)}–${labelOf(panels, layers.last)}`],
    ['tokens', tokens === '' ? null : `labels with “${tokens}”`],
    ['zoom', zoom.x === null && zoom.y === null ? null : 'zoomed'],
    [
      'scale',
      scale === 'auto'
        ? null
        : scale === 'own'
          ? 'own scales'
          : `${formatNumber(scale.min)} to ${formatNumber(scale.max)}`,
    ],
    ['colours', colours === null ? null : `${colours} colours`],
  ]
  return said.flatMap(([key, text]) => (text === null ? [] : [{ key, text, back: { [key]: PLAIN_FIGURE[key] } }]))
}

function labelOf(panels: readonly FigureView[], layer: number): string {
  for (const { spec } of panels) {
    const axis = layerAxis(spec)
    const label = axis === null ? undefined : spec[axis].ticks[layer]
    if (label !== undefined) return label
  }
  return String(layer)
}
