/**
 * One cell, looked at closely: its value, and tabs that show what was patched, attention, the logit
 * lens and a neuron. The tab and what is chosen in it are in the address.
 */
import { useEffect, useId, useRef, useState } from 'react'
import type { RunId } from '../../../../studies/runs/events.ts'
import type { FigureView } from '../../../client/run-view.ts'
import { formatNumber, formatSigned } from '../../format.ts'
import { cellName } from '../../plot/panels.ts'
import { AttentionTab } from './attention-tab.tsx'
import { goInDrawer, goToCell, TAB_NAMES, type Tab, tabOf, tabsOf, useDrawerPlace } from './drawer-place.ts'
import { LensTab } from './lens-tab.tsx'
import { NeuronTab } from './neuron-tab.tsx'
import { OverviewTab } from './overview-tab.tsx'
import { Tabs } from './tabs.tsx'
import { useCellKeys } from './use-cell-keys.ts'
import { useCellView } from './use-cell-view.ts'
import { Waiting } from './waiting.tsx'
import './cell.css'

interface CellDrawerProps {
  readonly run: RunId
  readonly panel: FigureView
  readonly index: number
  readonly onClose: () => void
}

export function CellDrawer({ run, panel, index, onClose }: CellDrawerProps) {
  const { spec, values, marks } = panel
  const id = useId()
  const place = useDrawerPlace()
  const cell = { figure: spec.id, index }
  const detail = useCellView(run, cell, 'detail', {})
  const [expanded, setExpanded] = useState(false)
  const value = values[index] ?? Number.NaN
  const mark = spec.marks[(marks[index] ?? 0) - 1]
  const offered = tabsOf(detail.value)
  const tab = tabOf(place, offered)
  const count = values.length
  const go = (to: number) => {
    if (to >= 0 && to < count) goToCell({ figure: spec.id, index: to })
  }
  useCellKeys(index, spec.x.ticks.length, go)
  useOpener()
  const drawer = useRef<HTMLElement>(null)
  useEffect(() => {
    // On a narrow window the drawer lies over the page: what it is about must not lie under it.
    if (drawer.current === null || window.getComputedStyle(drawer.current).position !== 'fixed') return
    const frame = requestAnimationFrame(() =>
      document.getElementById(`panel-${spec.id}`)?.scrollIntoView({ block: 'start' }),
    )
    return () => cancelAnimationFrame(frame)
  }, [spec.id])

  return (
    <aside
      ref={drawer}
      id="cell-drawer"
      className="drawer"
      aria-label="Cell"
      data-wide={tab === 'attention' || tab === 'lens'}
      data-expanded={expanded}
      tabIndex={-1}
    >
      <header className="drawer-head">
        <div>
          <p className="muted small">{spec.title}</p>
          <h2>{cellName(spec, index)}</h2>
        </div>
        <div className="drawer-actions">
          <IconButton name="Previous cell" keys="[" sign="‹" onClick={() => go(index - 1)} disabled={index === 0} />
          <IconButton name="Next cell" keys="]" sign="›" onClick={() => go(index + 1)} disabled={index === count - 1} />
          <IconButton
            name={expanded ? 'Shrink cell' : 'Expand cell'}
            sign={expanded ? '⤡' : '⤢'}
            onClick={() => setExpanded(!expanded)}
          />
          <IconButton name="Close cell" keys="Escape" sign="×" onClick={onClose} />
        </div>
      </header>
      <p className="drawer-value">
        <strong>{(spec.scale === 'diverging' ? formatSigned : formatNumber)(value)}</strong>{' '}
        <span className="muted">
          {spec.metric}, {spec.unit}
        </span>
        {mark !== undefined && (
          <span className="drawer-mark">
            <b>{mark.symbol}</b> {mark.meaning}
          </span>
        )}
      </p>
      <Waiting answer={detail} what="Running this cell again" />
      {detail.value !== null && (
        <Tabs
          name="Views of the cell"
          id={id}
          tabs={offered.map(one => ({ value: one, label: TAB_NAMES[one] }))}
          value={tab}
          onChange={(next: Tab) => goInDrawer({ tab: next === 'overview' ? undefined : next, side: undefined })}
        >
          {tab === 'overview' && <OverviewTab detail={detail.value} stale={detail.loading} />}
          {tab === 'attention' && <AttentionTab run={run} cell={cell} detail={detail.value} />}
          {tab === 'lens' && <LensTab run={run} cell={cell} />}
          {tab === 'neuron' && <NeuronTab run={run} cell={cell} detail={detail.value} />}
        </Tabs>
      )}
      <p className="drawer-keys muted small" aria-hidden="true">
        <kbd>[</kbd> <kbd>]</kbd> cell before, after · <kbd>{'{'}</kbd> <kbd>{'}'}</kbd> row above, below ·{' '}
        <kbd>Esc</kbd> closes
      </p>
    </aside>
  )
}

interface IconButtonProps {
  readonly name: string
  readonly sign: string
  readonly keys?: string
  readonly disabled?: boolean
  readonly onClick: () => void
}

function IconButton({ name, sign, keys, disabled = false, onClick }: IconButtonProps) {
  return (
    <button
      type="button"
      className="icon-button"
      aria-label={name}
      aria-keyshortcuts={keys}
      title={keys === undefined ? name : `${name} (${keys === 'Escape' ? 'Esc' : keys})`}
      disabled={disabled}
      onClick={onClick}
    >
      {sign}
    </button>
  )
}

/** Gives the focus back to whatever opened the drawer when it closes. */
function useOpener(): void {
  const opener = useRef<Element | null>(null)
  useEffect(() => {
    opener.current = document.activeElement
    return () => {
      if (opener.current instanceof HTMLElement) opener.current.focus({ preventScroll: true })
    }
  }, [])
}
