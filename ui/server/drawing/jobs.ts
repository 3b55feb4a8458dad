/** What the drawing threads do: each kind of file that a browser can ask for, as data in and bytes out. */
import type { RunSnapshot } from '../../../studies/runs/events.ts'
import { type ComparisonFormat, type ComparisonOptions, exportComparison } from '../../compare/export.ts'
import type { Side } from '../../compare/side.ts'
import { figureCsv } from '../../figures/csv.ts'
import { npy } from '../../figures/data/npy.ts'
import { type DataFormat, type DataOptions, exportData } from '../../figures/export-data.ts'
import { exportPicture, type PictureOptions } from '../../figures/export-picture.ts'
import { figureOf } from '../../figures/picture.ts'
import type { PictureFormat } from '../../figures/picture-formats.ts'
import { figureDocument } from '../wire-form.ts'

export const FIGURE_DATA_FORMATS = ['csv', 'json', 'npy'] as const
export type FigureDataFormat = (typeof FIGURE_DATA_FORMATS)[number]

/** Jobs are sent to a thread as they are: plain data, no functions. */
export type Job =
  | {
      readonly kind: 'picture'
      readonly snapshot: RunSnapshot
      readonly figure: string
      readonly format: PictureFormat
      readonly options: PictureOptions
    }
  | {
      readonly kind: 'figure-data'
      readonly snapshot: RunSnapshot
      readonly figure: string
      readonly format: FigureDataFormat
    }
  | {
      readonly kind: 'run-data'
      readonly snapshot: RunSnapshot
      readonly format: DataFormat
      readonly options: DataOptions
    }
  | {
      readonly kind: 'comparison'
      readonly sides: readonly Side[]
      readonly figure: string
      readonly format: ComparisonFormat
      readonly options: ComparisonOptions
    }

export async function doJob(job: Job): Promise<Uint8Array> {
  switch (job.kind) {
    case 'picture':
      return (await exportPicture(job.snapshot, job.figure, job.format, job.options)).content
    case 'figure-data':
      return figureData(job.snapshot, job.figure, job.format)
    case 'run-data':
      return exportData(job.snapshot, job.format, job.options)
    case 'comparison':
      return (await exportComparison(job.sides, job.figure, job.format, job.options)).content
  }
}

function figureData(snapshot: RunSnapshot, id: string, format: FigureDataFormat): Uint8Array {
  const figure = figureOf(snapshot.figures, id)
  if (format === 'csv') return Buffer.from(figureCsv(figure))
  if (format === 'npy') return npy(figure)
  return Buffer.from(`${JSON.stringify(figureDocument(snapshot, figure))}\n`)
}
