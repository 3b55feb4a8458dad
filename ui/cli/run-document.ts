/** The JSON document of a run, as `run`, `resume` and `show` print it with `--json`: its export, and where it is. */
import type { RunSnapshot } from '../../studies/runs/events.ts'
import { runData } from '../figures/data/run-json.ts'

export function runDocument(snapshot: RunSnapshot, dir: string) {
  return { run: snapshot.record.id, dir, ...runData(snapshot) }
}
