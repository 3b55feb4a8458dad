/**
 * A run's record as it leaves this machine. Paths stay at home: they tell who made the run and where,
 * and would name another person's file on the machine that it comes to. The weights are found by their
 * fingerprint.
 */
import type { RunRecord } from './events.ts'

export function withoutPaths({ studyFile: _, ...record }: RunRecord): RunRecord {
  return { ...record, model: { ...record.model, dir: '' } }
}
