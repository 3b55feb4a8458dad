/**
 * Figures as the page draws them: those that share a group stand together and share one colour
 * range, so that equal colours mean equal values across them.
 */
import type { FigureSpec } from '../../../studies/figure.ts'
import type { FigureView } from '../../client/run-view.ts'
import { type ColourRange, colourRange, type Scale } from '../../figures/colours.ts'

export interface PanelGroup {
  readonly key: string
  readonly panels: readonly FigureView[]
}

/** Groups in the order in which their first figures were declared. */
export function groupPanels(panels: readonly FigureView[]): PanelGroup[] {
  const groups = new Map<string, FigureView[]>()
  for (const panel of panels) {
    const key = panel.spec.group ?? `figure:${panel.spec.id}`
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [panel])
    else group.push(panel)
  }
  return [...groups].map(([key, members]) => ({ key, panels: members }))
}

/** One colour range for a group's panels; a group with a diverging panel is symmetric around 0. */
export function rangeOf(panels: readonly FigureView[]): ColourRange {
  return colourRange(scaleOf(panels), ...panels.map(panel => panel.values))
}

export function scaleOf(panels: readonly FigureView[]): Scale {
  return panels.some(panel => panel.spec.scale === 'diverging') ? 'diverging' : 'sequential'
}

/** How many cells have arrived. A cell that is known to have no value is NaN too and does not count. */
export function filledCells(panel: FigureView): number {
  let filled = 0
  for (const value of panel.values) if (!Number.isNaN(value)) filled += 1
  return filled
}

/** Marked cells, or null where there are more than a reader could make out. */
export function markedCells(panel: FigureView, limit: number): number[] | null {
  const cells: number[] = []
  for (let index = 0; index < panel.marks.length; index++) {
    if (panel.marks[index] === 0) continue
    if (cells.length === limit) return null
    cells.push(index)
  }
  return cells
}

/** What a cell is called: `layer 4, position 7 ·am`. */
export function cellName(spec: FigureSpec, index: number): string {
  const columns = spec.x.ticks.length
  return `${axisName(spec.y, Math.floor(index / columns))}, ${axisName(spec.x, index % columns)}`
}

function axisName(axis: FigureSpec['x'], tick: number): string {
  const label = axis.ticks[tick] ?? String(tick)
  return axis.kind === 'position' ? `${axis.label} ${tick} “${label}”` : `${axis.label} ${label}`
}
