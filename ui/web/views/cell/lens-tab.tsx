/** The logit lens: what would come out if the model ended at each layer, without and with the patch. */
import { useId, useState } from 'react'
import type { CellAddress, CellLens } from '../../../../studies/runs/cell/types.ts'
import type { RunId } from '../../../../studies/runs/events.ts'
import { formatProbability } from '../../format.ts'
import { Segmented } from '../../parts/segmented.tsx'
import { ColourBar } from '../figure/colour-bar.tsx'
import { goInDrawer, SIDES, type Side, sideOf, useDrawerPlace } from './drawer-place.ts'
import { LensTable } from './lens-table.tsx'
import { points } from './readings.ts'
import { useCellView } from './use-cell-view.ts'
import { Waiting } from './waiting.tsx'
import { WindowSteps } from './window-steps.tsx'
import './lens.css'

interface LensTabProps {
  readonly run: RunId
  readonly cell: CellAddress
}

export function LensTab({ run, cell }: LensTabProps) {
  const { from } = useDrawerPlace()
  const answer = useCellView(run, cell, 'lens', from === undefined ? {} : { from })
  return (
    <div className="lens">
      <Waiting answer={answer} what="Reading every layer through the unembedding" />
      {answer.value !== null && <Lens lens={answer.value} stale={answer.loading} />}
    </div>
  )
}

function Lens({ lens, stale }: { readonly lens: CellLens; readonly stale: boolean }) {
  const id = useId()
  const side = sideOf(useDrawerPlace(), 'after')
  const [cursor, setCursor] = useState<number | null>(null)
  const columns = lens.window.labels.length
  // With nothing pointed at, the cell that the model's answer comes from.
  const shown = cursor ?? lens.rows.length * columns - 1
  const value = side === 'change' ? lens.risen[shown] : lens[side].prob[shown * lens.choices]
  return (
    <div className="lens-body" aria-busy={stale}>
      <div className="section-head">
        <h3>Top token if the model ended here</h3>
        <Segmented
          name="Lens shows"
          id={id}
          options={SIDES}
          value={side}
          onChange={(next: Side) => goInDrawer({ side: next })}
        />
      </div>
      <LensTable lens={lens} side={side} cursor={cursor} onCursor={setCursor} />
      <Readout lens={lens} at={shown} />
      <div className="view-legend">
        {side === 'change' ? (
          <ColourBar
            colouring={{ scale: 'diverging', range: [-1, 1] }}
            metric="rise of the patched top token"
            unit="probability"
            value={cursor === null ? null : (value ?? null)}
          />
        ) : (
          <ColourBar
            colouring={{ scale: 'sequential', range: [0, 1] }}
            metric="top token"
            unit="probability"
            value={cursor === null ? null : (value ?? null)}
          />
        )}
      </div>
      <WindowSteps window={lens.window} />
      <p className="muted small">
        Each cell is the residual stream as the layer receives it (“out”: as the last one leaves it) through the final
        norm and the unembedding.
        {side === 'change' && ' Framed: another token comes out on top. Empty: the patch changed nothing there.'}
      </p>
    </div>
  )
}

/** One cell's likeliest tokens on both sides. */
function Readout({ lens, at }: { readonly lens: CellLens; readonly at: number }) {
  const columns = lens.window.labels.length
  const row = lens.rows[Math.floor(at / columns)] ?? ''
  const column = at % columns
  const list = (side: 'before' | 'after') =>
    Array.from({ length: lens.choices }, (_, choice) => {
      const place = at * lens.choices + choice
      const id = lens[side].top[place] ?? 0
      return { id, label: lens.labels[id] ?? '', prob: lens[side].prob[place] ?? Number.NaN }
    })
  return (
    <div className="lens-readout">
      <p>
        <b>{row === 'out' ? 'After the last layer' : `Before layer ${row}`}</b>, position {lens.window.from + column} “
        {lens.window.labels[column]}”
        <span className="muted">
          {' '}
          · the patched top token rose by {points(lens.risen[at] ?? null)} percentage points
        </span>
      </p>
      {(['before', 'after'] as const).map(side => (
        <p key={side}>
          <span className="muted">{side === 'before' ? 'baseline' : 'patched'} </span>
          {list(side).map(({ id, label, prob }) => (
            <span key={id} className="lens-choice">
              <code>{label}</code> {formatProbability(prob)}
            </span>
          ))}
        </p>
      ))}
    </div>
  )
}
