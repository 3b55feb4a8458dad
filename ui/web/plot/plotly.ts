/** Plotly, loaded when the first figure is drawn: it is thirty times the size of the page. */
import type { Plotly } from 'plotly.js-cartesian-dist-min'

let loading: Promise<Plotly> | null = null

export function loadPlotly(): Promise<Plotly> {
  loading ??= import('plotly.js-cartesian-dist-min').then(module => module.default)
  return loading
}

export const PLOT_CONFIG = {
  displayModeBar: false,
  displaylogo: false,
  showSendToCloud: false,
  doubleClick: 'reset',
  responsive: false,
} as const
