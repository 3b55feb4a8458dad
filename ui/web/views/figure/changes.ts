/** What of a group's look is not as it was first seen, in words, and what takes each back. */
import type { FigureSpec } from '../../../../studies/figure.ts'
import type { FigureView } from '../../../client/run-view.ts'
import { layerAxis } from '../../../figures/shown.ts'
import type { PictureView } from '../../../figures/view.ts'
import { formatNumber } from '../../format.ts'
import { type FigureLook, PLAIN_FIGURE } from '../../services/look.ts'

export interface Change {
  readonly key: keyof FigureLook
  readonly text: string
  readonly back: Partial<FigureLook>
}

export function changesOf(look: FigureLook, panels: readonly FigureView[]): readonly Change[] {
  const { scale } = look
  const specs = panels.map(({ spec }) => spec)
  const said: readonly (readonly [keyof FigureLook, string | null])[] = [
    ...selected(look, specs),
    [
      'scale',
      scale === 'auto'
        ? null
        : scale === 'own'
          ? 'own scales'
          : `${formatNumber(scale.min)} to ${formatNumber(scale.max)}`,
    ],
    ['colours', coloured(look)],
  ]
  return said.flatMap(([key, text]) => (text === null ? [] : [{ key, text, back: { [key]: PLAIN_FIGURE[key] } }]))
}

/** What a picture takes of a look, in words: `layers 2–4, transposed`; empty where that is the whole figure. */
export function viewInWords(look: PictureView, specs: readonly FigureSpec[]): string {
  const words = [...selected(look, specs).map(([, text]) => text), look.transpose ? 'transposed' : null, coloured(look)]
  return words.filter(text => text !== null).join(', ')
}

function selected({ layers, tokens, zoom }: PictureView, specs: readonly FigureSpec[]) {
  return [
    ['layers', layers === null ? null : `layers ${labelOf(specs, layers.first)}–${labelOf(specs, layers.last)}`],
    ['tokens', tokens === '' ? null : `labels with “${tokens}”`],
    ['zoom', zoom.x === null && zoom.y === null ? null : 'zoomed'],
  ] as const
}

const coloured = ({ colours }: PictureView) => (colours === null ? null : `${colours} colours`)

function labelOf(specs: readonly FigureSpec[], layer: number): string {
  for (const spec of specs) {
    const axis = layerAxis(spec)
    const label = axis === null ? undefined : spec[axis].ticks[layer]
    if (label !== undefined) return label
  }
  return String(layer)
}
