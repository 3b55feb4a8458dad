/** What can be exported, and the addresses of its files. */
import type { RunId } from '../../../../studies/runs/events.ts'
import type { ColourRange } from '../../../figures/colours.ts'
import { type ExportFormat, isPicture } from './settings.ts'

export interface ExportSource {
  /** What is exported, in the reader's words. */
  readonly name: string
  /** Data formats that there are of it. */
  readonly data: readonly ExportFormat[]
  /** What the switch for several panels says; null where there is one panel only. */
  readonly panels: string | null
  /** Ends of the page's colour scale, where a picture would not come to them of its own accord. */
  readonly scale: ColourRange | null
  /** What the page shows of it where that is not all, as it is: in words, and as parameters of a picture's address. */
  readonly view: { readonly words: string; readonly query: readonly (readonly [key: string, text: string])[] } | null
  readonly address: (format: ExportFormat, query: URLSearchParams) => string
}

/** Data formats that a run has whole, and not of one figure. */
const OF_RUNS: readonly ExportFormat[] = ['parquet', 'ipynb']

/** A figure of a run. */
export function runFile(run: RunId, figure: string, format: ExportFormat, query: URLSearchParams): string {
  const base = `/api/runs/${encodeURIComponent(run)}`
  if (OF_RUNS.includes(format)) return `${base}/data.${format}?figure=${encodeURIComponent(figure)}`
  const file = `${base}/figures/${encodeURIComponent(figure)}.${format}`
  return isPicture(format) ? `${file}?${query}` : file
}

/** A figure of several runs; without panels, the differences alone. */
export function comparisonFile(
  runs: readonly RunId[],
  figure: string,
  format: ExportFormat,
  query: URLSearchParams,
): string {
  const asked = new URLSearchParams(isPicture(format) ? query : {})
  if (isPicture(format) && !asked.has('panels')) asked.set('only', 'difference')
  asked.delete('panels')
  const list = runs.map(encodeURIComponent).join(',')
  const rest = asked.toString()
  return `/api/compare/${encodeURIComponent(figure)}.${format}?runs=${list}${rest === '' ? '' : `&${rest}`}`
}
