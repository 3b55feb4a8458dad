/**
 * Plotly, in a chunk of its own: it is five times the size of the page. A server that goes away while
 * it loads must not leave a page without figures, so loading is tried until it works.
 */
import type { Plotly } from 'plotly.js-cartesian-dist-min'

const RETRY_MS = 1000
/** Five minutes; after that a reader has reloaded the page. */
const MAX_TRIES = 300

let loading: Promise<Plotly> | null = null

export function loadPlotly(): Promise<Plotly> {
  loading ??= tryLoading()
  return loading
}

async function tryLoading(): Promise<Plotly> {
  for (let tries = 1; ; tries++) {
    try {
      return (await import('plotly.js-cartesian-dist-min')).default
    } catch (error) {
      if (tries === MAX_TRIES) throw error
      await new Promise(resolve => setTimeout(resolve, RETRY_MS))
    }
  }
}

export const PLOT_CONFIG = {
  displayModeBar: false,
  displaylogo: false,
  showSendToCloud: false,
  doubleClick: 'reset',
  responsive: false,
} as const
