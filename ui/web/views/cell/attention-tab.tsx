/** What the heads of a layer attend to without and with the patch: one head large, all of them small. */
import { useCallback, useMemo, useRef, useState } from 'react'
import type { CellAddress, CellAttention, CellDetail } from '../../../../studies/runs/cell/types.ts'
import type { RunId } from '../../../../studies/runs/events.ts'
import { colourAt } from '../../../figures/colours.ts'
import { Segmented } from '../../parts/segmented.tsx'
import { useWidth } from '../../services/size.ts'
import { ColourBar } from '../figure/colour-bar.tsx'
import { goInDrawer, SIDES, type Side, sideOf, useDrawerPlace } from './drawer-place.ts'
import { HeadPicker } from './head-picker.tsx'
import { type PatternCell, PatternGrid, ROW_LABELS_PX } from './pattern-grid.tsx'
import { signedWeight, weight } from './readings.ts'
import { useCellView } from './use-cell-view.ts'
import { Waiting } from './waiting.tsx'
import { WindowSteps } from './window-steps.tsx'
import './attention.css'

interface AttentionTabProps {
  readonly run: RunId
  readonly cell: CellAddress
  readonly detail: CellDetail
}

export function AttentionTab({ run, cell, detail }: AttentionTabProps) {
  const place = useDrawerPlace()
  const inBlock = detail.places.find(({ layer }) => layer >= 0)
  const layer = Math.min(place.layer ?? inBlock?.layer ?? 0, detail.layers - 1)
  const own = detail.places.find(one => one.layer === layer && one.head !== undefined)
  const head = Math.min(place.head ?? own?.head ?? 0, detail.heads - 1)
  const { from } = place
  const answer = useCellView(run, cell, 'attention', { layer, head, ...(from === undefined ? {} : { from }) })
  const patched = new Set(detail.places.flatMap(one => (one.layer === layer ? [one.head ?? -1] : [])))
  return (
    <div className="attention">
      <div className="view-controls">
        <label className="view-choice">
          Layer
          <select
            className="input"
            value={layer}
            onChange={event => goInDrawer({ layer: Number(event.target.value), head })}
          >
            {Array.from({ length: detail.layers }, (_, one) => one).map(one => (
              <option key={one} value={one}>
                {one}
                {detail.places.some(touched => touched.layer === one) ? ' (patched)' : ''}
              </option>
            ))}
          </select>
        </label>
        <Waiting answer={answer} what={`Computing the attention of layer ${layer}`} />
      </div>
      {answer.value !== null && (
        <Patterns
          attention={answer.value}
          stale={answer.loading}
          head={head}
          patched={patched}
          entersLater={detail.places.every(one => one.layer >= layer)}
          onHead={next => goInDrawer({ layer, head: next })}
        />
      )}
    </div>
  )
}

interface PatternsProps {
  readonly attention: CellAttention
  readonly stale: boolean
  readonly head: number
  readonly patched: ReadonlySet<number>
  /** The patch is not above this layer's attention. */
  readonly entersLater: boolean
  readonly onHead: (head: number) => void
}

/** Three patterns beside each other need this much, and cells that can be told apart; else they stand one below the other. */
const BESIDE_PX = 560
const GAP_PX = 14
const MAX_CELL_PX = 24
const MIN_CELL_PX = 2
/** A difference smaller than this is rounding: its colours would shout. */
const LEAST_RANGE = 0.01

const weightColour = (weight: number): string => colourAt('sequential', weight)

function Patterns({ attention, stale, head, patched, entersLater, onHead }: PatternsProps) {
  const place = useDrawerPlace()
  const frame = useRef<HTMLDivElement>(null)
  const width = useWidth(frame)
  const [cursor, setCursor] = useState<PatternCell | null>(null)
  const { before, after, window, changes } = attention
  const change = useMemo(() => after.map((weight, i) => weight - (before[i] ?? 0)), [before, after])
  // One range for all heads of the layer, so that going from head to head never changes a colour's meaning.
  const range = Math.max(LEAST_RANGE, ...changes)
  const same = Math.max(...changes) === 0
  const side = sideOf(place, same ? 'before' : 'change')
  const changeColour = useCallback((value: number) => colourAt('diverging', (value / range + 1) / 2), [range])

  const count = window.labels.length
  const fittingIn = (room: number) => Math.floor((room / count) * 2) / 2
  const fittingBeside = fittingIn((width - 2 * GAP_PX - ROW_LABELS_PX) / 3)
  const beside = width >= BESIDE_PX && fittingBeside >= MIN_CELL_PX
  const fitting = beside ? fittingBeside : fittingIn(width - ROW_LABELS_PX)
  const cellPx = Math.min(MAX_CELL_PX, Math.max(MIN_CELL_PX, fitting))
  const token = (at: number) => `${window.from + at} “${window.labels[at] ?? ''}”`
  const at = ({ query, key }: PatternCell) => query * count + key
  const readout = (cell: PatternCell) =>
    `${token(cell.query)} attends to ${token(cell.key)}: baseline ${weight(before[at(cell)] ?? 0)}, ` +
    `patched ${weight(after[at(cell)] ?? 0)}, change ${signedWeight(change[at(cell)] ?? 0)}`
  const panels = [
    { name: 'Baseline', values: before, colourOf: weightColour },
    { name: 'Patched', values: after, colourOf: weightColour },
    { name: 'Patched − baseline', values: change, colourOf: changeColour },
  ]
  return (
    <div className="patterns" aria-busy={stale}>
      <div className="section-head">
        <h3>Heads of layer {attention.layer}</h3>
        <Segmented
          name="Small pictures show"
          id="attention-side"
          options={SIDES}
          value={side}
          onChange={(next: Side) => goInDrawer({ side: next })}
        />
      </div>
      <HeadPicker
        attention={attention}
        head={head}
        side={side}
        patched={patched}
        colourOf={side === 'change' ? changeColour : weightColour}
        onChoose={onHead}
      />
      {same && (
        <p className="muted">
          Nothing differs in this layer
          {entersLater ? ': the patch enters after its attention is computed, and shows in later layers.' : '.'}
        </p>
      )}
      <h3>
        Head {attention.head}: each token’s row shows what it attends to
        {patched.has(attention.head) && <span className="muted"> (patched)</span>}
      </h3>
      <div ref={frame} className="pattern-panels" data-beside={beside}>
        {width > 0 &&
          panels.map((panel, i) => (
            <figure key={panel.name} className="pattern-panel" aria-label={`${panel.name}, head ${attention.head}`}>
              <figcaption>{panel.name}</figcaption>
              <PatternGrid
                name={`${panel.name} pattern`}
                values={panel.values}
                labels={window.labels}
                from={window.from}
                cellPx={cellPx}
                named={i === 0 || !beside}
                colourOf={panel.colourOf}
                cursor={cursor}
                onCursor={setCursor}
                readout={readout}
              />
            </figure>
          ))}
      </div>
      <p className="pattern-readout" data-empty={cursor === null}>
        {cursor === null ? 'Point at a cell, or walk the patterns with the arrow keys.' : readout(cursor)}
        {cursor !== null && attention.earlier !== null && (
          <span className="muted">
            {' '}
            · to the tokens before {window.from}: {weight(attention.earlier.before[cursor.query] ?? 0)}, then{' '}
            {weight(attention.earlier.after[cursor.query] ?? 0)}
          </span>
        )}
      </p>
      <div className="view-legend">
        <ColourBar
          colouring={{ scale: 'sequential', range: [0, 1] }}
          metric="attention"
          unit="weight"
          value={cursor === null ? null : (after[at(cursor)] ?? null)}
        />
        <ColourBar
          colouring={{ scale: 'diverging', range: [-range, range] }}
          metric="patched − baseline"
          unit="weight"
          value={cursor === null ? null : (change[at(cursor)] ?? null)}
        />
      </div>
      <WindowSteps window={window} />
      {attention.size < count && (
        <p className="muted small">
          A cell of a small picture is the largest weight of the {Math.ceil(count / attention.size)} ×{' '}
          {Math.ceil(count / attention.size)} under it.
        </p>
      )}
    </div>
  )
}
