/** How fast a backend is at products of several sizes, as bars on one scale for each size. */
import type { DoctorBackend } from '../../../../studies/runs/workbench-types.ts'

interface RatesProps {
  readonly backend: DoctorBackend
  /** The backends whose fastest fills a bar. */
  readonly among: readonly DoctorBackend[]
}

export function Rates({ backend, among }: RatesProps) {
  const { name, rates = [], callUs } = backend
  if (rates.length === 0) return null
  return (
    <table className="rates" aria-label={`Rates of ${name}`}>
      <tbody>
        {rates.map(({ rows, gflops }) => {
          const best = Math.max(...among.map(other => rateAt(other, rows)))
          return (
            <tr key={rows}>
              <th scope="row">{rows === 1 ? '1 row' : `${rows.toLocaleString('en')} rows`}</th>
              <td className="rate-bar" aria-hidden="true">
                <div style={{ width: `${(100 * gflops) / best}%` }} />
              </td>
              <td className="rate-value">{gflops.toFixed(gflops < 10 ? 1 : 0)} GFLOP/s</td>
            </tr>
          )
        })}
        {callUs !== undefined && (
          <tr>
            <th scope="row">a call</th>
            <td />
            <td className="rate-value">{callUs.toFixed(callUs < 10 ? 1 : 0)} µs</td>
          </tr>
        )}
      </tbody>
    </table>
  )
}

function rateAt({ rates = [] }: DoctorBackend, rows: number): number {
  return rates.find(rate => rate.rows === rows)?.gflops ?? 0
}
