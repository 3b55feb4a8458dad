/** How fast a backend or a number format is at products of several sizes, as bars on one scale for each size. */

interface Rated {
  readonly name: string
  readonly rates?: readonly { readonly rows: number; readonly gflops: number }[]
  /** Microseconds that each call costs. */
  readonly callUs?: number
}

interface RatesProps {
  readonly of: Rated
  /** Those whose fastest fills a bar. */
  readonly among: readonly Rated[]
}

export function Rates({ of: rated, among }: RatesProps) {
  const { name, rates = [], callUs } = rated
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

function rateAt({ rates = [] }: Rated, rows: number): number {
  return rates.find(rate => rate.rows === rows)?.gflops ?? 0
}
