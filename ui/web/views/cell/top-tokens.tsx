/** The likeliest next tokens without and with the patch: every token of either list, with its numbers in both. */
import { useId, useState } from 'react'
import type { ComparedToken, TokenReading } from '../../../../studies/runs/cell/types.ts'
import { formatProbability } from '../../format.ts'
import { Segmented } from '../../parts/segmented.tsx'
import { nats, signedNats } from './readings.ts'

const ORDERS = [
  { value: 'after', label: 'by patched' },
  { value: 'before', label: 'by baseline' },
  { value: 'change', label: 'by change' },
] as const
type Order = (typeof ORDERS)[number]['value']

const lowest = Number.NEGATIVE_INFINITY
const change = ({ before, after }: ComparedToken): number =>
  (after.logProb ?? Number.NaN) - (before.logProb ?? Number.NaN)

const KEYS: Readonly<Record<Order, (token: ComparedToken) => number>> = {
  after: token => token.after.logit ?? lowest,
  before: token => token.before.logit ?? lowest,
  change: token => Math.abs(change(token)) || 0,
}

export function TopTokens({ tokens }: { readonly tokens: readonly ComparedToken[] }) {
  const id = useId()
  const [order, setOrder] = useState<Order>('after')
  const key = KEYS[order]
  const sorted = [...tokens].sort((a, b) => key(b) - key(a))
  return (
    <section className="top-tokens" aria-label="Next token">
      <div className="section-head">
        <h3>Next token</h3>
        <Segmented name="Order of tokens" id={id} options={ORDERS} value={order} onChange={setOrder} />
      </div>
      <table className="top-table" aria-label="Top tokens">
        <thead>
          <tr>
            <td />
            <th colSpan={3} scope="colgroup" className="top-side">
              baseline
            </th>
            <th colSpan={3} scope="colgroup" className="top-side">
              patched
            </th>
            <td />
          </tr>
          <tr>
            <th scope="col">token</th>
            <SideHeads />
            <SideHeads />
            <th scope="col" className="number">
              Δ log p
            </th>
          </tr>
        </thead>
        <tbody>
          {sorted.map(token => (
            <tr key={token.id} title={`token ${token.id}`}>
              <th scope="row" className="top-token">
                {token.label}
              </th>
              <SideCells reading={token.before} />
              <SideCells reading={token.after} />
              <td className="number top-change" data-sign={Math.sign(change(token))}>
                {signedNats(change(token))}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      <p className="muted small">The ten likeliest on either side, ranked among the whole vocabulary; log p in nats.</p>
    </section>
  )
}

function SideHeads() {
  return (
    <>
      <th scope="col" className="number side-first">
        rank
      </th>
      <th scope="col" className="number">
        p
      </th>
      <th scope="col" className="number">
        log p
      </th>
    </>
  )
}

/** Ranks beyond the list are what the eye should pass over. */
const LISTED = 10

function SideCells({ reading }: { readonly reading: TokenReading }) {
  const share = Math.max(0, Math.min(1, reading.prob ?? 0))
  return (
    <>
      <td className={`number side-first${reading.rank < LISTED ? '' : ' muted'}`}>
        {(reading.rank + 1).toLocaleString('en')}
      </td>
      <td className="number top-prob">
        <span className="top-bar" style={{ width: `${share * 100}%` }} />
        <span className="top-label">{formatProbability(reading.prob ?? Number.NaN)}</span>
      </td>
      <td className="number">{nats(reading.logProb)}</td>
    </>
  )
}
