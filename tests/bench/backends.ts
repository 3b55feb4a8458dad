/** The backends that a benchmark runs on. */
import { type BackendReport, detectBackends } from '../../engine/backends/select.ts'
import { BackendError } from '../../engine/errors.ts'

/** @throws BackendError if `only` is named and not usable. */
export async function usableBackends(only: string | undefined): Promise<BackendReport[]> {
  const reports = await detectBackends()
  const usable = reports.filter(report => report.usable && (only === undefined || report.name === only))
  if (usable.length === 0) {
    const reason = reports.find(report => report.name === only)?.detail ?? 'no such backend'
    throw new BackendError(`bench: expected a usable backend, got ${only}: ${reason}`)
  }
  return usable
}
