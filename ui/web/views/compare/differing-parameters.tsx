/** What the runs were asked, a column a run; what differs stands out, in colour and in words. */
import { useState } from 'react'
import type { ParamSchema } from '../../../../studies/params.ts'
import { commonEnds, type ParameterRow, parameterRows } from '../../../compare/parameters.ts'
import { letterOf, type Side } from '../../../compare/side.ts'

interface DifferingParametersProps {
  readonly sides: readonly Side[]
  readonly schema: ParamSchema | undefined
}

export function DifferingParameters({ sides, schema }: DifferingParametersProps) {
  const [all, setAll] = useState(false)
  const rows = parameterRows(sides, schema)
  const differing = rows.filter(({ differs }) => differs)
  const shown = all ? rows : differing
  return (
    <section className="card differing" aria-label="Differing parameters">
      <header className="differing-head">
        <h2>
          {differing.length === 0
            ? 'No parameter differs'
            : `${differing.length} ${differing.length === 1 ? 'parameter differs' : 'parameters differ'}`}
        </h2>
        <button type="button" className="button button-small" aria-expanded={all} onClick={() => setAll(!all)}>
          {all ? 'Only what differs' : `All ${rows.length}`}
        </button>
      </header>
      {shown.length > 0 && (
        <table className="differing-table" aria-label="Parameters">
          <thead>
            <tr>
              <th scope="col">parameter</th>
              {sides.map(({ record }, run) => (
                <th key={record.id} scope="col">
                  {letterOf(run)}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {shown.map(row => (
              <Row key={row.key} row={row} ids={sides.map(({ record }) => record.id)} />
            ))}
          </tbody>
        </table>
      )}
    </section>
  )
}

function Row({ row, ids }: { readonly row: ParameterRow; readonly ids: readonly string[] }) {
  const texts = row.texts.filter(text => text !== null)
  const { start, end } = commonEnds(texts)
  // Marking all of a text marks nothing.
  const within = row.differs && texts.length === row.texts.length && start + end > 0
  return (
    <tr data-differs={row.differs}>
      <th scope="row">
        {row.label}
        {row.differs && <span className="visually-hidden"> (differs)</span>}
      </th>
      {ids.map((id, run) => {
        const text = row.texts[run] ?? null
        if (text === null) {
          return (
            <td key={id} className="muted">
              –
            </td>
          )
        }
        const middle = text.slice(start, text.length - end)
        return (
          <td key={id}>
            {within ? text.slice(0, start) : text}
            {within && middle !== '' && <mark>{middle}</mark>}
            {within && text.slice(text.length - end)}
          </td>
        )
      })}
    </tr>
  )
}
