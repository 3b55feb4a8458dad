/** A figure's way out: one button, behind which every format and width is. */
import { useMemo } from 'react'
import type { RunId } from '../../../../studies/runs/events.ts'
import type { FigureView } from '../../../client/run-view.ts'
import type { ColourRange } from '../../../figures/colours.ts'
import type { PictureView } from '../../../figures/view.ts'
import { formatView } from '../../services/look.ts'
import { ExportButton } from '../export/export-button.tsx'
import { type ExportSource, runFile } from '../export/source.ts'
import { viewInWords } from './changes.ts'

interface DownloadsProps {
  readonly run: RunId
  readonly panel: FigureView
  readonly scale: ColourRange | null
  readonly look: PictureView
}

export function Downloads({ run, panel, scale, look }: DownloadsProps) {
  const { spec } = panel
  const { id, title, group } = spec
  const words = viewInWords(look, [spec])
  const source = useMemo(
    (): ExportSource => ({
      name: title,
      data: ['csv', 'json', 'npy', 'parquet', 'ipynb'],
      panels: group === undefined ? null : `Whole group “${group}” as panels`,
      scale,
      view: words === '' ? null : { words, query: formatView(look) },
      address: (format, query) => runFile(run, id, format, query),
    }),
    [run, id, title, group, scale, look, words],
  )
  return (
    <div className="downloads">
      <ExportButton source={source} />
    </div>
  )
}
