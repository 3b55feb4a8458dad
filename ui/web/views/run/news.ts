/** When a run's progress is worth saying aloud. */

/** What was said last: how many quarters were done, and when. */
export interface News {
  readonly quarter: number
  readonly atMs: number
}

/** Nobody wants to hear of a run more often. */
export const LEAST_PAUSE_MS = 10_000

/** What to say now; null where it is nothing new or too soon. The end is told by the run's state. */
export function nextNews(
  last: News,
  { done, total }: { readonly done: number; readonly total: number },
  nowMs: number,
): News | null {
  const quarter = total > 0 ? Math.min(3, Math.floor((4 * done) / total)) : 0
  return quarter > last.quarter && nowMs - last.atMs >= LEAST_PAUSE_MS ? { quarter, atMs: nowMs } : null
}
