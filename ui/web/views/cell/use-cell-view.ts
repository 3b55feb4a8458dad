/** One question about a cell: asked when it changes, asked again on wish, and taken back when another takes its place. */
import { useState } from 'react'
import type { CellAddress, CellView, CellViews } from '../../../../studies/runs/cell/types.ts'
import type { RunId } from '../../../../studies/runs/events.ts'
import { api } from '../../../client/api.ts'
import { type Answer, useAnswer } from '../../services/async.ts'

export interface CellAnswer<T> extends Answer<T> {
  readonly again: () => void
}

export function useCellView<V extends CellView>(
  run: RunId,
  { figure, index }: CellAddress,
  view: V,
  question: CellViews[V]['in'],
): CellAnswer<CellViews[V]['out']> {
  const [attempt, setAttempt] = useState(0)
  const key = JSON.stringify([run, figure, index, view, question, attempt])
  const answer = useAnswer(key, signal => api.cell(run, { figure, index }, view, question, signal))
  return { ...answer, again: () => setAttempt(attempt + 1) }
}
