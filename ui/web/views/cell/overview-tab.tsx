/** What was patched, where, and what the model said without and with it. */
import { useState } from 'react'
import type { CellDetail, TouchedPlace } from '../../../../studies/runs/cell/types.ts'
import { ScrollBox } from '../../parts/scroll-box.tsx'
import { TokenStrip } from '../../parts/token-strip.tsx'
import { CopyButton } from './copy-button.tsx'
import { MetricsTable } from './metrics-table.tsx'
import { ShownTokens } from './shown-tokens.tsx'
import { TopTokens } from './top-tokens.tsx'

interface OverviewTabProps {
  readonly detail: CellDetail
  readonly stale: boolean
}

export function OverviewTab({ detail, stale }: OverviewTabProps) {
  const { window, position } = detail
  const touched = new Set(detail.places.flatMap(place => place.positions))
  return (
    <div className="drawer-detail" aria-busy={stale}>
      <section aria-label="What was patched">
        <h3>What was patched</h3>
        <p>{detail.what}</p>
        <Places places={detail.places} length={window.of} />
        <Interventions detail={detail} />
      </section>
      <section aria-label="Prompt">
        <h3>Prompt</h3>
        <ScrollBox items={window.labels.length} name="Prompt">
          <TokenStrip
            labels={window.labels}
            from={window.from}
            name="Prompt's tokens"
            marked={touched}
            markMeaning="patched"
          />
        </ScrollBox>
        <ShownTokens window={window} />
        <p className="muted small">
          {touched.size === 0 ? 'No token is patched. ' : `${positionsText([...touched], window.of)}. `}
          The next token after position {position} (“{window.labels[position - window.from] ?? ''}”) is compared.
        </p>
      </section>
      <MetricsTable metrics={detail.metrics} followed={detail.followed} top={detail.top} />
      <TopTokens tokens={detail.top} />
    </div>
  )
}

const SHOWN_PLACES = 6

function Places({ places, length }: { readonly places: readonly TouchedPlace[]; readonly length: number }) {
  return (
    <ul className="places" aria-label="Patched places">
      {places.slice(0, SHOWN_PLACES).map(place => (
        <li key={`${place.point} ${place.head} ${place.neuron}`}>
          <code>{place.point}</code>
          {place.head !== undefined && `, head ${place.head}`}
          {place.neuron !== undefined && `, neuron ${place.neuron}`}
          <span className="muted"> · {positionsText(place.positions, length, '')}</span>
        </li>
      ))}
      {places.length > SHOWN_PLACES && <li className="muted">and {places.length - SHOWN_PLACES} more</li>}
    </ul>
  )
}

/** `Position 3 of 19`, `Positions 0–4, 7 of 19`, `All 19 positions`. */
export function positionsText(positions: readonly number[], length: number, capital = 'P'): string {
  const word = capital === '' ? 'position' : 'Position'
  if (positions.length === length) return capital === '' ? `all ${length} positions` : `All ${length} positions`
  const stretches: [number, number][] = []
  for (const at of [...positions].sort((a, b) => a - b)) {
    const last = stretches.at(-1)
    if (last !== undefined && at === last[1] + 1) last[1] = at
    else stretches.push([at, at])
  }
  const text = stretches.map(([first, last]) => (first === last ? String(first) : `${first}–${last}`)).join(', ')
  return `${word}${positions.length === 1 ? '' : 's'} ${text} of ${length}`
}

function Interventions({ detail }: { readonly detail: CellDetail }) {
  const [open, setOpen] = useState(false)
  const { interventions, numbers } = detail
  if (interventions === null)
    return (
      <p className="muted small">As JSON they hold {numbers.toLocaleString('en')} numbers, more than is shown here.</p>
    )
  // Writing out what nobody has opened would cost with every step from cell to cell.
  const text = () => JSON.stringify(interventions, null, 2)
  return (
    <details className="json" open={open} onToggle={event => setOpen(event.currentTarget.open)}>
      <summary className="muted small">As JSON</summary>
      {open && (
        <div className="json-body">
          <CopyButton text={text} what="interventions" />
          <pre>{text()}</pre>
        </div>
      )}
    </details>
  )
}
