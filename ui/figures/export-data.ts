/** A run's numbers as a file: the one way that the command line and the server share. */
import { UsageError } from '../../engine/errors.ts'
import type { RunSnapshot } from '../../studies/runs/events.ts'
import { longCsv } from './data/long-csv.ts'
import { grids, longTable } from './data/long-table.ts'
import { notebook } from './data/notebook.ts'
import { npy } from './data/npy.ts'
import { parquet } from './data/parquet.ts'
import { runJson } from './data/run-json.ts'
import { figureOf } from './picture.ts'

export const DATA_FORMATS = ['csv', 'json', 'parquet', 'npy', 'ipynb'] as const
export type DataFormat = (typeof DATA_FORMATS)[number]

export interface DataOptions {
  /** Only the figures over the same axes as this one; for `npy`, this one. */
  readonly figure?: string
  /** For `ipynb`: name and address of the run's JSON. */
  readonly dataFile?: string
  readonly dataUrl?: string
}

/**
 * @throws StudyError for a figure that the run does not have
 * @throws UsageError for `npy` without a figure, where the run has several
 */
export function exportData(snapshot: RunSnapshot, format: DataFormat, options: DataOptions = {}): Buffer {
  const { figure } = options
  if (format === 'npy') return npy(theFigure(snapshot, figure))
  const chosen = figure === undefined ? snapshot : { ...snapshot, figures: sharingAxes(snapshot.figures, figure) }
  switch (format) {
    case 'csv':
      return Buffer.from(longCsv(longTable(chosen.figures)))
    case 'parquet':
      return parquet(longTable(chosen.figures), chosen)
    case 'json':
      return Buffer.from(runJson(chosen))
    case 'ipynb': {
      const { dataFile = `${snapshot.record.id}.json`, dataUrl } = options
      return Buffer.from(notebook(chosen, { dataFile, ...(dataUrl === undefined ? {} : { dataUrl }) }))
    }
  }
}

function sharingAxes(figures: RunSnapshot['figures'], id: string): RunSnapshot['figures'] {
  const chosen = figureOf(figures, id)
  return grids(figures).find(grid => grid.includes(chosen)) ?? [chosen]
}

function theFigure({ figures }: RunSnapshot, id: string | undefined) {
  const [only] = figures
  if (id !== undefined) return figureOf(figures, id)
  if (only !== undefined && figures.length === 1) return only
  throw new UsageError(`npy: expected a figure, one of ${figures.map(({ spec }) => spec.id).join(', ') || 'none yet'}`)
}
