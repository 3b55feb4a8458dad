/** Puts the page into the document. The theme comes first, so that nothing is seen in the wrong one. */
import './services/theme.ts'
import './styles/theme.css'
import './styles/base.css'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { App } from './app.tsx'
import { loadPlotly } from './plot/plotly.ts'

const root = document.getElementById('root')
if (root === null) throw new Error('internal: index.html has no #root')
createRoot(root).render(
  <StrictMode>
    <App />
  </StrictMode>,
)

// Once the shell stands: the first figure should not wait for it.
window.addEventListener('load', () => void loadPlotly().catch(() => {}))
