/** How the values of a group's panels become colours, as its reader wants it. */
import type { FigureView } from '../../client/run-view.ts'
import { fixedRange } from '../../figures/colours.ts'
import type { FigureLook } from '../services/look.ts'
import type { Colouring } from './paint.ts'
import { scaleOf } from './panels.ts'
import { rangeOf } from './statistics.ts'

/** One for each panel, in their order: the same for all unless each has its own. */
export function colouringsOf(
  panels: readonly FigureView[],
  { scale: choice, colours }: Pick<FigureLook, 'scale' | 'colours'>,
): readonly Colouring[] {
  const scale = colours ?? scaleOf(panels)
  if (choice === 'own') return panels.map(panel => ({ scale, range: rangeOf([panel], scale) }))
  const range = choice === 'auto' ? rangeOf(panels, scale) : fixedRange(scale, [choice.min, choice.max])
  return panels.map(() => ({ scale, range }))
}
