/**
 * Questions about cells, answered one after another on one model. What was answered lately is answered
 * again without a pass, and so is a question that stood in line behind the same one: nothing is
 * computed twice at once.
 */
import { createHash } from 'node:crypto'
import type { Model } from '../../../engine/model.ts'
import type { ParamSchema, ParamValue } from '../../params.ts'
import type { CellQuestion } from '../../study.ts'
import { type Keep, lookAtCell } from './look.ts'
import { jsonBytes, Recent } from './recent.ts'
import type { CellAddress, CellAnswer, CellLook } from './types.ts'
import { yielding } from './yielding.ts'

export interface AskedOfCell {
  readonly schema: ParamSchema
  readonly params: Readonly<Record<string, ParamValue>>
  /** Whatever else the study's answer hangs on: its name, its source. */
  readonly study: readonly (string | null)[]
  readonly cell: CellAddress
  readonly look: CellLook
  /** What the cell's run was; may run the model. */
  readonly questionOf: (model: Model) => Promise<CellQuestion | null>
}

export class CellDesk {
  /** Goes with its model: another checkpoint, or a changed one, is another model. */
  readonly #recent = new WeakMap<Model, Recent>()

  async answer(
    model: Model,
    { schema, params, study, cell, look, questionOf }: AskedOfCell,
    signal: AbortSignal,
  ): Promise<CellAnswer> {
    const recent = this.#recent.get(model) ?? new Recent()
    this.#recent.set(model, recent)
    // Digested, since parameters may hold a thousand prompts.
    const of = createHash('sha256')
      .update(JSON.stringify([study, params, cell]))
      .digest('base64')
    const keep: Keep = (key, bytes, compute) => recent.of(`${of} ${key}`, bytes, compute)
    const shared = yielding(model, signal)
    return keep(JSON.stringify(look), jsonBytes, async () => {
      const question = await keep('question', jsonBytes, () => questionOf(shared))
      return lookAtCell({ model: shared, cell, question, prompts: { schema, params }, keep, signal }, look)
    })
  }
}
