/** The JSON document of a run, as `run`, `resume` and `show` print it with `--json`. */
import type { RunSnapshot } from '../../studies/runs/events.ts'

/** Cells are row-major: `values[y · x.ticks.length + x]`; a cell without a value is null, without a mark 0. */
export function runDocument(snapshot: RunSnapshot, dir: string) {
  const { record, state, figures, tables, notes, summary, error } = snapshot
  return {
    run: record.id,
    dir,
    state,
    study: record.study,
    params: record.params,
    model: record.model,
    backend: record.backend,
    library: record.library,
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
