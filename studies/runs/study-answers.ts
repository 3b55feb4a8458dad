/**
 * What a study answers when it is asked for an estimate or a cell, checked: a user's own file is not
 * type-checked before it runs, and one that forgets its `return` is told so.
 */
import { z } from 'zod'
import { StudyError } from '../../engine/errors.ts'
import type { CellQuestion, Estimate } from '../study.ts'

const amount = z.number().min(0)
const ids = z.array(z.int().min(0))

const estimate = z.object({ summary: z.string(), patches: amount, flops: amount, peakBytes: amount })
const cell = z
  .object({
    what: z.string(),
    ids,
    position: z.int(),
    interventions: z.array(z.looseObject({ at: z.string() })),
    answer: ids.optional(),
    against: ids.optional(),
  })
  .nullable()

/** @throws StudyError that names the field */
export function checkEstimate(study: string, answer: Estimate): Estimate {
  check(`study ${study}: estimate`, estimate, answer)
  return answer
}

/** @throws StudyError that names the field */
export function checkCellQuestion(study: string, answer: CellQuestion | null): CellQuestion | null {
  check(`study ${study}: cell`, cell, answer)
  return answer
}

function check(where: string, schema: z.ZodType, answer: unknown): void {
  const parsed = schema.safeParse(answer)
  if (parsed.success) return
  const [issue] = parsed.error.issues
  const path = issue?.path.map(String).join('.') ?? ''
  throw new StudyError(`${where}: ${path === '' ? '' : `${path}: `}${issue?.message}`)
}
