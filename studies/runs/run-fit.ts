/** Whether what is asked of a past run still fits it, and what is here now. */
import type { Dtype } from '../../engine/backends/types.ts'
import { StudyError } from '../../engine/errors.ts'
import { nearest } from '../../engine/nearest.ts'
import { resolveParams } from '../params-validate.ts'
import type { CellAddress } from './cell/types.ts'
import type { RunId, RunRecord, RunSnapshot } from './events.ts'
import type { StudyInfo } from './workbench-types.ts'

/** Two formats in one figure would be taken for effects. */
export function otherFormat(ofRun: Dtype, here: Dtype): string {
  return `it was computed in ${ofRun} and Patchlight computes in ${here} now; start it with --dtype ${ofRun}`
}

/** @throws StudyError if the run has no such figure, or the figure no such cell */
export function checkCell(run: RunId, figures: RunSnapshot['figures'], { figure, index }: CellAddress): void {
  const found = figures.find(({ spec }) => spec.id === figure)
  if (found === undefined) {
    const near = nearest(
      figure,
      figures.map(({ spec }) => spec.id),
    )
    const hint = near.length > 0 ? `; the nearest are ${near.join(', ')}` : ''
    throw new StudyError(`run ${run}: it has no figure ${JSON.stringify(figure)}${hint}`)
  }
  const cells = found.values.length
  if (!Number.isInteger(index) || index < 0 || index >= cells) {
    throw new StudyError(`run ${run}, figure ${figure}: expected a cell from 0 to ${cells - 1}, got ${index}`)
  }
}

/** Why a record's values no longer fit its study; null if they do. */
export function changedParameter(study: Pick<StudyInfo, 'params'>, record: Pick<RunRecord, 'params'>): string | null {
  const missing = Object.keys(study.params).find(key => !Object.hasOwn(record.params, key))
  if (missing !== undefined) return `parameter ${missing} is new`
  try {
    resolveParams(study.params, null, record.params)
    return null
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}
