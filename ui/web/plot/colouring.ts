/** How the values of a group's panels become colours, as its reader wants it. */
import type { FigureView } from '../../client/run-view.ts'
import type { ColourRange, Scale } from '../../figures/colours.ts'
import type { FigureLook, ScaleChoice } from '../services/look.ts'
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
  const range = choice === 'auto' ? rangeOf(panels, scale) : typedRange(choice, scale)
  return panels.map(() => ({ scale, range }))
}

/** A diverging scale stays symmetric around 0, whatever was typed: its pale middle means "no effect". */
function typedRange({ min, max }: Exclude<ScaleChoice, string>, scale: Scale): ColourRange {
  if (scale === 'sequential') return [min, max]
  const end = Math.max(Math.abs(min), Math.abs(max))
  return [-end, end]
}
