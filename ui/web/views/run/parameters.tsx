/** What was asked, by the names that the form uses. */
import type { ParamValue } from '../../../../studies/params.ts'
import type { RunRecord } from '../../../../studies/runs/events.ts'
import { numbered } from '../../parts/numbered.ts'
import { useStudies } from '../../services/catalog.ts'

export function Parameters({ record }: { readonly record: RunRecord }) {
  const schema = useStudies().value?.find(study => study.id === record.study)?.params
  const entries = Object.entries(record.params)
  return (
    <details className="parameters">
      <summary>
        {entries.length} {entries.length === 1 ? 'parameter' : 'parameters'}
      </summary>
      <dl>
        {entries.map(([key, value]) => (
          <div key={key}>
            <dt>{schema?.[key]?.label ?? key}</dt>
            <dd>
              {numbered(lines(value)).map(({ at, item: line }) => (
                <span key={at}>{line}</span>
              ))}
            </dd>
          </div>
        ))}
      </dl>
    </details>
  )
}

function lines(value: ParamValue): readonly string[] {
  if (!Array.isArray(value)) return [String(value)]
  return value.length === 0 ? ['none'] : value.map(one => (Array.isArray(one) ? one.join('  |  ') : String(one)))
}
