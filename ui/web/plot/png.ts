/** A figure as a PNG: a copy in paper colours, with title and colour bar, at twice the screen's density. */
import type { FigureView } from '../../client/run-view.ts'
import { type Colouring, escapeMarkup, panelData, panelHeight, panelLayout } from './figure.ts'
import { PAPER_INK } from './ink.ts'
import { loadPlotly, PLOT_CONFIG } from './plotly.ts'

const WIDTH_PX = 900
const TITLE_PX = 36
const BAR_PX = 110
const SCALE = 2

/** @returns a data URL */
export async function figurePng(panel: FigureView, colouring: Colouring): Promise<string> {
  const { spec } = panel
  const plotly = await loadPlotly()
  const inner = WIDTH_PX - BAR_PX
  const height = panelHeight(spec, inner) + TITLE_PX
  const layout = panelLayout(spec, { width: inner, height }, PAPER_INK)
  const [heatmap, ...marks] = panelData(panel, colouring)
  const bar = {
    title: { text: escapeMarkup(`${spec.metric} [${spec.unit}]`), side: 'right' },
    thickness: 12,
    outlinewidth: 0,
  }
  return plotly.toImage(
    {
      data: [{ ...heatmap, showscale: true, colorbar: bar }, ...marks],
      layout: {
        ...layout,
        width: WIDTH_PX,
        margin: { ...layout.margin, t: TITLE_PX + 6, r: BAR_PX },
        paper_bgcolor: '#ffffff',
        title: { text: escapeMarkup(spec.title), font: { size: 14, color: '#111111' }, x: 0.02, xanchor: 'left' },
      },
      config: PLOT_CONFIG,
    },
    { format: 'png', width: WIDTH_PX, height, scale: SCALE },
  )
}
