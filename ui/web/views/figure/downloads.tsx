/** A figure's way out: one button, behind which every format and width is. */
import { useMemo } from 'react'
import type { RunId } from '../../../../studies/runs/events.ts'
import type { FigureView } from '../../../client/run-view.ts'
import type { ColourRange } from '../../../figures/colours.ts'
import { ExportButton } from '../export/export-button.tsx'
import { type ExportSource, runFile } from '../export/source.ts'

interface DownloadsProps {
  readonly run: RunId
  readonly panel: FigureView
  readonly scale: ColourRange | null
}

export function Downloads({ run, panel, scale }: DownloadsProps) {
  const { id, title, group } = panel.spec
  const source = useMemo(
    (): ExportSource => ({
      name: title,
      data: ['csv', 'json', 'npy', 'parquet', 'ipynb'],
      panels: group === undefined ? null : `Whole group “${group}” as panels`,
      scale,
      address: (format, query) => runFile(run, id, format, query),
    }),
    [run, id, title, group, scale],
  )
  return (
    <div className="downloads">
      <ExportButton source={source} />
    </div>
  )
}
