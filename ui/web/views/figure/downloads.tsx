/** A figure and its numbers as files. The picture is drawn for paper, whatever the screen's theme. */
import type { RunId } from '../../../../studies/runs/events.ts'
import { api } from '../../../client/api.ts'
import type { FigureView } from '../../../client/run-view.ts'
import type { Colouring } from '../../plot/figure.ts'
import { figurePng } from '../../plot/png.ts'
import { toastError } from '../../services/toasts.ts'

interface DownloadsProps {
  readonly run: RunId
  readonly panel: FigureView
  readonly colouring: Colouring
}

const FORMATS = ['svg', 'csv', 'json'] as const

export function Downloads({ run, panel, colouring }: DownloadsProps) {
  const { id, title } = panel.spec
  const savePng = async () => {
    try {
      save(await figurePng(panel, colouring), `${run}-${id}.png`)
    } catch (error) {
      toastError(error)
    }
  }
  return (
    <fieldset className="downloads" aria-label={`Downloads of ${title}`}>
      <button type="button" className="button button-small" aria-label={`PNG of ${title}`} onClick={savePng}>
        PNG
      </button>
      {FORMATS.map(format => (
        <a
          key={format}
          className="button button-small"
          href={api.figureUrl(run, id, format)}
          download={`${run}-${id}.${format}`}
          aria-label={`${format.toUpperCase()} of ${title}`}
        >
          {format.toUpperCase()}
        </a>
      ))}
    </fieldset>
  )
}

function save(url: string, name: string): void {
  const link = document.createElement('a')
  link.href = url
  link.download = name
  link.click()
}
