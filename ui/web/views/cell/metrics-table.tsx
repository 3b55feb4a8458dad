/** The effect of a patch by every metric that fits its study's tokens. */
import type { CellDetail } from '../../../../studies/runs/cell/types.ts'
import { metricChange, metricText } from './readings.ts'

type MetricsTableProps = Pick<CellDetail, 'metrics' | 'followed' | 'top'>

export function MetricsTable({ metrics, followed, top }: MetricsTableProps) {
  const [before, after] = [
    top.find(token => token.before.rank === 0)?.label ?? '–',
    top.find(token => token.after.rank === 0)?.label ?? '–',
  ]
  return (
    <section aria-label="Effect by metric">
      <h3>Effect by metric</h3>
      <table className="metrics" aria-label="Metrics">
        <thead>
          <tr>
            <th scope="col">metric</th>
            <th scope="col" className="number">
              baseline
            </th>
            <th scope="col" className="number">
              patched
            </th>
            <th scope="col" className="number">
              change
            </th>
          </tr>
        </thead>
        <tbody>
          {metrics.map(metric => (
            <tr key={metric.label}>
              <th scope="row">
                {metric.label}
                {metric.kind !== 'rank' && <span className="muted"> {metric.unit}</span>}
              </th>
              <td className="number">{metricText(metric.kind, metric.before)}</td>
              <td className="number">{metricText(metric.kind, metric.after)}</td>
              <td className="number">{metricChange(metric)}</td>
            </tr>
          ))}
          <tr>
            <th scope="row">top token</th>
            <td className="number top-token">{before}</td>
            <td className="number top-token">{after}</td>
            <td className="number">{before === after ? 'same' : 'another'}</td>
          </tr>
        </tbody>
      </table>
      <p className="muted small">
        {followed === 'top'
          ? 'The study names no answer for this cell: the likeliest token without the patch is followed. '
          : ''}
        Rank 1 is the top.
      </p>
    </section>
  )
}
