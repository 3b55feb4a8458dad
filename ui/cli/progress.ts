/** A progress bar as text. */

const MAX_BAR = 32

/** `1 min 20 s`; whole seconds, since nobody plans by less. */
function durationText(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000))
  if (seconds < 60) return `${seconds} s`
  const minutes = Math.floor(seconds / 60)
  if (minutes < 60) return `${minutes} min ${seconds % 60} s`
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`
}

/**
 * `████░░░░ 45%  432/960  12 s left`, in at most `columns` characters.
 * @param counts instead of `432/960`
 */
export function progressLine(
  done: number,
  total: number,
  etaMs: number | null,
  columns: number,
  counts = `${done}/${total}`,
): string {
  const share = total > 0 ? Math.min(1, done / total) : 0
  const left = etaMs === null ? '' : `  ${durationText(etaMs)} left`
  const words = ` ${String(Math.floor(100 * share)).padStart(3)}%  ${counts}${left}`
  const width = Math.max(4, Math.min(MAX_BAR, columns - words.length - 2))
  const full = Math.round(share * width)
  return `${'█'.repeat(full)}${'░'.repeat(width - full)}${words}`
}
