/** The colours around a heatmap, by theme; the cells' own come from ui/figures and are the same in both. */
import { NO_VALUE } from '../../figures/colours.ts'
import type { Theme } from '../services/theme.ts'
import type { PlotInk } from './figure.ts'

/** Plotly measures text in its own way and wants a plain list. */
const FONT = 'system-ui, -apple-system, "Segoe UI", "Noto Sans", "DejaVu Sans", sans-serif'

const LIGHT: PlotInk = { text: '#565d66', background: '#e9e9e5', cursor: '#111417', cursorHalo: '#ffffff', font: FONT }
const DARK: PlotInk = { text: '#b0b4ba', background: '#2a2e34', cursor: '#111417', cursorHalo: '#ffffff', font: FONT }

export const plotInk = (theme: Theme): PlotInk => (theme === 'dark' ? DARK : LIGHT)

/** For files: what is written is read on paper, whatever the screen's theme. */
export const PAPER_INK: PlotInk = { ...LIGHT, text: '#222222', background: NO_VALUE }
