/** What is asked of a cell, handed to the file that answers it. */
import { StudyError } from '../../../engine/errors.ts'
import type { Model } from '../../../engine/model.ts'
import type { CellQuestion } from '../../study.ts'
import { cellAttention } from './attention.ts'
import { cellDetail } from './detail.ts'
import { cellLens } from './lens.ts'
import { cellNeuron, type StudyPrompts } from './neuron.ts'
import type { CellAddress, CellAnswer, CellLook } from './types.ts'

/** Computes a thing of a cell, or gives what was computed before. @param bytes that it takes */
export type Keep = <T>(key: string, bytes: (value: T) => number, compute: () => Promise<T>) => Promise<T>

const KEEP_NOTHING: Keep = (_key, _bytes, compute) => compute()

export interface LookedAt {
  readonly model: Model
  readonly cell: CellAddress
  /** What the study says that the cell's run was; null where it has none. */
  readonly question: CellQuestion | null
  readonly prompts: StudyPrompts
  /** @default nothing is kept */
  readonly keep?: Keep
  readonly signal?: AbortSignal
}

/** @throws StudyError where the cell stands for no single run, or for a position that its prompt lacks */
export async function lookAtCell(
  { model, cell, question, prompts, keep = KEEP_NOTHING, signal }: LookedAt,
  look: CellLook,
): Promise<CellAnswer> {
  const where = `figure ${cell.figure}, cell ${cell.index}`
  if (question === null) throw new StudyError(`${where}: it sums up several runs, so there is no single one to look at`)
  const { position, ids } = question
  if (!Number.isInteger(position) || position < -ids.length || position >= ids.length)
    throw new StudyError(
      `${where}: expected the study to compare a position from ${-ids.length} to ${ids.length - 1}, got ${position}`,
    )
  switch (look.view) {
    case 'detail':
      return cellDetail(model, cell, question, signal)
    case 'attention':
      return cellAttention(model, cell, question, look.question, keep, signal)
    case 'lens':
      return cellLens(model, cell, question, look.question, signal)
    case 'neuron':
      return cellNeuron(model, cell, question, look.question, prompts, signal)
  }
}
