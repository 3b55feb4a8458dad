/**
 * A picture: the figures that are drawn together, with what the reader wants of it. Figures of one
 * group are panels (a), (b), (c) on one colour scale, also when one of them is drawn alone.
 */
import { StudyError } from '../../engine/errors.ts'
import { nearest } from '../../engine/nearest.ts'
import type { FigureSpec } from '../../studies/figure.ts'
import type { RunSnapshot } from '../../studies/runs/events.ts'
import { type ColourRange, colourRange, fixedRange, type Scale } from './colours.ts'
import type { Shown } from './shown.ts'
import { showUnseen } from './text.ts'
import { type PictureView, viewOf } from './view.ts'

export type RunFigure = RunSnapshot['figures'][number]

/** Text beside a cell, with a frame around the cell. */
export interface Annotation {
  readonly figure: string
  readonly row: number
  readonly column: number
  readonly text: string
}

export interface PicturePanel extends RunFigure {
  /** Which of the figure's cells these are. */
  readonly shown: Shown
}

export interface Picture {
  /** For file names and element ids. */
  readonly id: string
  readonly title: string
  readonly panels: readonly PicturePanel[]
  readonly scale: Scale
  /** Values at the colour scale's ends. */
  readonly range: ColourRange
}

/**
 * @param figure id of a figure
 * @param panels draws the whole group as panels of one picture; else that figure alone, on the group's scale
 * @param ends of the colour scale; null for those of all values, whatever is left out
 * @throws StudyError if the run has no such figure, naming the nearest, or if a panel would show nothing
 */
export function pictureOf(
  { figures }: Pick<RunSnapshot, 'figures'>,
  figure: string,
  { panels, ends, view }: { panels: boolean; ends: ColourRange | null; view: PictureView },
): Picture {
  const found = figureOf(figures, figure)
  const group = figures.filter(({ spec }) => spec.id === figure || isPanelWith(found, spec.group))
  const scale = view.colours ?? (group.some(({ spec }) => spec.scale === 'diverging') ? 'diverging' : 'sequential')
  return {
    id: figure,
    title: showUnseen(panels && group.length > 1 ? (found.spec.group ?? found.spec.title) : found.spec.title),
    panels: (panels ? group : [found]).map(panel => viewOf({ ...panel, spec: shown(panel.spec) }, view)),
    scale,
    range: ends === null ? colourRange(scale, ...group.map(({ values }) => values)) : fixedRange(scale, ends),
  }
}

/** The first figure of each picture of a run, in the run's order. */
export function pictureIds({ figures }: Pick<RunSnapshot, 'figures'>): readonly string[] {
  const seen = new Set<string>()
  return figures.flatMap(({ spec: { id, group } }) => {
    if (group !== undefined && seen.has(group)) return []
    if (group !== undefined) seen.add(group)
    return [id]
  })
}

export function figureOf<F extends RunFigure>(figures: readonly F[], id: string): F {
  const found = figures.find(({ spec }) => spec.id === id)
  if (found !== undefined) return found
  const ids = figures.map(({ spec }) => spec.id)
  if (ids.length === 0) throw new StudyError(`figure ${id}: this run has no figures yet`)
  throw new StudyError(`figure ${id}: no such figure in this run; the nearest are ${nearest(id, ids, 4).join(', ')}`)
}

function isPanelWith({ spec }: RunFigure, group: string | undefined): boolean {
  return spec.group !== undefined && spec.group === group
}

/** Texts without characters that hide; ticks are seen to when they become labels. */
function shown(spec: FigureSpec): FigureSpec {
  return {
    ...spec,
    title: showUnseen(spec.title),
    metric: showUnseen(spec.metric),
    unit: showUnseen(spec.unit),
    caption: showUnseen(spec.caption),
    x: { ...spec.x, label: showUnseen(spec.x.label) },
    y: { ...spec.y, label: showUnseen(spec.y.label) },
    marks: spec.marks.map(({ symbol, meaning }) => ({ symbol: showUnseen(symbol), meaning: showUnseen(meaning) })),
  }
}
