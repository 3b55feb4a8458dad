/**
 * Figures as the page draws them: those that share a group stand together and share one colour
 * range, so that equal colours mean equal values across them.
 */
import type { FigureSpec } from '../../../studies/figure.ts'
import type { FigureView } from '../../client/run-view.ts'
import type { Scale } from '../../figures/colours.ts'
import { EMPTY } from '../../figures/text.ts'

export interface PanelGroup {
  readonly key: string
  /** The first panel's figure: the group's name in addresses. */
  readonly id: string
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
  return [...groups].map(([key, members]) => ({ key, id: members[0]?.spec.id ?? '', panels: members }))
}

/** The same objects for groups in which nothing changed: what is drawn from them need not be drawn again. */
export function keepGroups(before: readonly PanelGroup[], after: readonly PanelGroup[]): readonly PanelGroup[] {
  const known = new Map(before.map(group => [group.key, group]))
  return after.map(group => {
    const old = known.get(group.key)
    const same = old?.panels.length === group.panels.length && group.panels.every((panel, i) => panel === old.panels[i])
    return same ? old : group
  })
}

/** Whether two figures have the same ticks, so that a cell of one has its fellow in the other. */
export function sameAxes(a: FigureSpec, b: FigureSpec): boolean {
  return sameTicks(a.x.ticks, b.x.ticks) && sameTicks(a.y.ticks, b.y.ticks)
}

function sameTicks(a: readonly string[], b: readonly string[]): boolean {
  return a === b || (a.length === b.length && a.every((tick, i) => tick === b[i]))
}

/** A group with a diverging panel is symmetric around 0. */
export function scaleOf(panels: readonly FigureView[]): Scale {
  return panels.some(panel => panel.spec.scale === 'diverging') ? 'diverging' : 'sequential'
}

/** What a cell is called: `layer 4, position 7 ·am`. */
export function cellName(spec: FigureSpec, index: number): string {
  const columns = spec.x.ticks.length
  return `${tickName(spec.y, Math.floor(index / columns))}, ${tickName(spec.x, index % columns)}`
}

/** What a tick is called: `layer 4`, `position 7 “am”`. */
export function tickName(axis: FigureSpec['x'], tick: number): string {
  const label = (axis.ticks[tick] ?? String(tick)) || EMPTY
  return axis.kind === 'position' ? `${axis.label} ${tick} “${label}”` : `${axis.label} ${label}`
}
