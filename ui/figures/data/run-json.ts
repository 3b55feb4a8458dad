/**
 * A run whole as JSON: what was asked and of what, every figure with its values, tables, notes. Cells
 * are row-major, `values[y · columns + x]`. `marks` holds a number a cell:
 * 0 for none, else a place in `markMeanings`, counted from 1. JSON has no NaN and no infinities: all are null.
 */
import type { RunSnapshot } from '../../../studies/runs/events.ts'
import { withoutPaths } from '../../../studies/runs/without-paths.ts'

/** For a file that goes to others: paths of this machine are left out. */
export function runJson(snapshot: RunSnapshot): string {
  return `${JSON.stringify(runData({ ...snapshot, record: withoutPaths(snapshot.record) }))}\n`
}

/** The same as an object, with paths; NaN and infinities are still numbers in it. */
export function runData({ record, state, figures, tables, notes, summary, error }: RunSnapshot) {
  const { format: _, ...asked } = record
  return {
    patchlight: 1,
    ...asked,
    state,
    figures: figures.map(({ spec, values, marks }) => ({
      ...spec,
      markMeanings: spec.marks,
      values: [...values],
      marks: [...marks],
    })),
    tables,
    notes,
    summary,
    ...(error === null ? {} : { error }),
  }
}
