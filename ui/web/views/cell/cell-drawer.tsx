/** One cell, run again: what was patched, where, and what the model said before and after. */
import { useEffect, useRef } from 'react'
import type { RunId } from '../../../../studies/runs/events.ts'
import type { CellDetail } from '../../../../studies/runs/workbench-types.ts'
import { api } from '../../../client/api.ts'
import type { FigureView } from '../../../client/run-view.ts'
import { formatNumber, formatSigned } from '../../format.ts'
import { TokenStrip } from '../../parts/token-strip.tsx'
import { cellName } from '../../plot/panels.ts'
import { useAnswer } from '../../services/async.ts'
import { patchedPositions } from './patched.ts'
import { TopTokens } from './top-tokens.tsx'
import './cell.css'

interface CellDrawerProps {
  readonly run: RunId
  readonly panel: FigureView
  readonly index: number
  readonly onClose: () => void
}

export function CellDrawer({ run, panel, index, onClose }: CellDrawerProps) {
  const { spec, values, marks } = panel
  const detail = useAnswer(`${run} ${spec.id} ${index}`, () => api.cell(run, spec.id, index))
  const value = values[index] ?? Number.NaN
  const mark = spec.marks[(marks[index] ?? 0) - 1]
  const close = useRef<HTMLButtonElement>(null)
  const opener = useRef<Element | null>(null)
  useEffect(() => {
    opener.current = document.activeElement
    return () => {
      if (opener.current instanceof HTMLElement) opener.current.focus({ preventScroll: true })
    }
  }, [])
  return (
    <aside className="drawer" aria-label="Cell">
      <header className="drawer-head">
        <div>
          <p className="muted small">{spec.title}</p>
          <h2>{cellName(spec, index)}</h2>
        </div>
        <button ref={close} type="button" className="icon-button" aria-label="Close cell" onClick={onClose}>
          ×
        </button>
      </header>
      <p className="drawer-value">
        <strong>{(spec.scale === 'diverging' ? formatSigned : formatNumber)(value)}</strong>{' '}
        <span className="muted">
          {spec.metric}, {spec.unit}
        </span>
      </p>
      {mark !== undefined && (
        <p>
          <b>{mark.symbol}</b> {mark.meaning}
        </p>
      )}
      {detail.error !== null && <p className="muted">{detail.error}</p>}
      {detail.loading && detail.value === null && <p className="muted">Running this cell again …</p>}
      {detail.value !== null && <Detail detail={detail.value} stale={detail.loading} />}
    </aside>
  )
}

function Detail({ detail, stale }: { readonly detail: CellDetail; readonly stale: boolean }) {
  const { labels } = detail.tokens
  return (
    <div className="drawer-detail" aria-busy={stale}>
      <section aria-label="What was patched">
        <h3>What was patched</h3>
        <p>{detail.what}</p>
        <details>
          <summary className="muted small">As JSON</summary>
          <pre>{JSON.stringify(detail.interventions, null, 2)}</pre>
        </details>
      </section>
      <section aria-label="Prompt">
        <h3>Prompt</h3>
        <TokenStrip
          labels={labels}
          name="Prompt's tokens"
          marked={patchedPositions(detail.interventions, labels.length)}
          markMeaning="patched"
        />
        <p className="muted small">
          The next token after position {detail.position} (“{labels[detail.position] ?? ''}”) is compared.
        </p>
      </section>
      <TopTokens before={detail.before} after={detail.after} />
    </div>
  )
}
