/** One cell's values in all panels, and the way to the same cell of each run. */
import type { Alignment } from '../../../compare/figures.ts'
import { letterOf } from '../../../compare/side.ts'
import { formatNumber, formatSigned } from '../../format.ts'
import { Link } from '../../parts/link.tsx'
import { cellName } from '../../plot/panels.ts'
import type { ComparedView } from './use-comparison.ts'

interface CellReadoutProps {
  readonly ids: readonly string[]
  readonly figure: string
  readonly alignment: Alignment
  readonly views: readonly ComparedView[]
  readonly index: number | null
  /** Whether the cell is chosen, and not only pointed at. */
  readonly chosen: boolean
}

export function CellReadout({ ids, figure, alignment, views, index, chosen }: CellReadoutProps) {
  const spec = views[0]?.panel.spec
  if (index === null || spec === undefined) {
    return (
      <p className="readout muted small">
        Point at a cell, or walk the cells with the arrow keys: the same cell is framed in every panel. Enter keeps it.
      </p>
    )
  }
  return (
    <section className="readout" aria-label="Cell">
      <h3>{cellName(spec, index)}</h3>
      <dl>
        {views.map(({ panel, difference }) => {
          const value = panel.values[index] ?? Number.NaN
          return (
            <div key={panel.spec.id}>
              <dt>{panel.spec.title}</dt>
              <dd>
                {Number.isNaN(value) ? 'no value' : (difference ? formatSigned : formatNumber)(value)}{' '}
                <span className="muted small">{Number.isNaN(value) ? '' : panel.spec.unit}</span>
              </dd>
            </div>
          )
        })}
      </dl>
      {chosen && (
        <p className="small">
          {ids.map((run, i) => (
            <Link key={run} to={{ view: 'run', run, cell: { figure, index: alignment.cells[i]?.[index] ?? 0 } }}>
              Open it in {letterOf(i)}
            </Link>
          ))}
        </p>
      )}
    </section>
  )
}
