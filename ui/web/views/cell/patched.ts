/** Which positions of a prompt some interventions touch. */
import type { Intervention } from '../../../../hooks/intervention.ts'

/** Negative positions count from the end; an intervention without positions touches all. */
export function patchedPositions(interventions: readonly Intervention[], length: number): ReadonlySet<number> {
  const touched = new Set<number>()
  for (const { position = 'all' } of interventions) {
    const listed = position === 'all' ? Array.from({ length }, (_, at) => at) : [position].flat()
    for (const at of listed) touched.add(at < 0 ? at + length : at)
  }
  return touched
}
