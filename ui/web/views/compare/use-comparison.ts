/**
 * A figure of several followed runs, aligned. The alignment is kept while the figures' axes are the
 * same objects, so that cells that arrive ten times a second cost no more than their copies.
 */
import { useMemo, useRef } from 'react'
import type { FigureView } from '../../../client/run-view.ts'
import { isRefused, type Refused } from '../../../compare/align.ts'
import {
  type Alignment,
  alignFigures,
  comparePanels,
  figuresOf,
  type PanelColours,
  panelColours,
  type ScaleMode,
} from '../../../compare/figures.ts'
import type { Side, SideFigure } from '../../../compare/side.ts'

export interface ComparedView {
  readonly panel: FigureView
  readonly colouring: PanelColours
  readonly run: number
  readonly difference: boolean
}

export interface Comparison {
  readonly alignment: Alignment
  readonly views: readonly ComparedView[]
}

export function useComparison(sides: readonly Side[], figure: string, mode: ScaleMode): Comparison | Refused {
  const found = figuresOf(sides, figure)
  const figures = useSame(isRefused(found) ? [] : found)
  const specs = useSame(figures.map(({ spec }) => spec))
  const alignment = useMemo(() => alignFigures(specs), [specs])
  const views = useMemo(() => {
    if (isRefused(alignment)) return []
    const panels = comparePanels(alignment, figures)
    const colours = panelColours(panels, mode)
    return panels.map(({ spec, values, marks, run, difference }, i): ComparedView => {
      const panel = { spec, values: Float32Array.from(values), marks, revision: revisionOf(figures) }
      return { panel, colouring: colours[i] ?? { scale: 'diverging', range: [-1, 1] }, run, difference }
    })
  }, [alignment, figures, mode])
  if (isRefused(found)) return found
  return isRefused(alignment) ? alignment : { alignment, views }
}

/** Grows with every change of any of them. */
function revisionOf(figures: readonly SideFigure[]): number {
  return figures.reduce((sum, figure) => sum + ('revision' in figure ? Number(figure.revision) : 0), 0)
}

/** The list of before while its items are the same: effects and memos compare lists as one thing. */
export function useSame<T>(list: readonly T[]): readonly T[] {
  const kept = useRef(list)
  const same = kept.current.length === list.length && list.every((item, i) => Object.is(item, kept.current[i]))
  if (!same) kept.current = list
  return kept.current
}
