/** What this machine computes with, in plain words, and what would make it faster. */
import type { DoctorBackend, DoctorFormat, DoctorReport } from '../../../../studies/runs/workbench-types.ts'
import { formatBytes } from '../../format.ts'
import { useDoctor } from '../../services/catalog.ts'
import { CopyButton } from '../cell/copy-button.tsx'
import { Rates } from './rates.tsx'
import './doctor.css'

export function DoctorPage() {
  const { value: report, error } = useDoctor()
  return (
    <div className="page doctor">
      <h1>How this machine computes</h1>
      {error !== null && <p className="sentence-error">{error}</p>}
      {report === null && error === null && <p className="muted">Measuring: a few seconds …</p>}
      {report !== null && <Report report={report} />}
    </div>
  )
}

function Report({ report }: { readonly report: DoctorReport }) {
  const { processor, cores, memoryBytes, memoryGBs, node, platform, versions, backends, formats, choices } = report
  const usable = backends.filter(backend => backend.usable)
  const missing = backends.filter(backend => !backend.usable)
  return (
    <>
      <p className="muted">
        {processor}, {cores} cores, {formatBytes(memoryBytes)} of memory, of which one core copies{' '}
        {memoryGBs.toFixed(0)} GB a second. Patchlight {versions.patchlight}, Node {node} on {platform}.
      </p>
      <p className="muted">
        All of it as JSON: <CopyButton what="the report as JSON" text={() => JSON.stringify(report, null, 2)} />
      </p>
      <section aria-labelledby="doctor-choices">
        <h2 id="doctor-choices">What computes</h2>
        {choices.length === 0 ? (
          <p>Nothing: what was asked for cannot compute here, as said below.</p>
        ) : (
          <dl className="card choices">
            {choices.map(({ model, backend, why }) => (
              <div key={model}>
                <dt>{model}</dt>
                <dd>
                  <strong>{backend}</strong>
                  <span className="muted">{why}</span>
                </dd>
              </div>
            ))}
          </dl>
        )}
        <p className="muted">
          Another one: start with <code>--backend NAME</code>, or set <code>PATCHLIGHT_BACKEND</code>.
        </p>
      </section>
      <section aria-labelledby="doctor-usable">
        <h2 id="doctor-usable">What can compute here</h2>
        <p className="muted">
          Bars show billions of operations a second in a product of so many rows, which are a prompt’s tokens or a
          sweep’s. More is better for large models; calls that cost little are better for small ones.
        </p>
        <ul className="backends" aria-label="Backends">
          {usable.map(backend => (
            <li key={backend.name} className="card backend">
              <h3>
                {backend.name} {backend.chosen && <span className="backend-chosen">in use</span>}
              </h3>
              <p>{backend.detail}</p>
              <Rates of={backend} among={usable} />
            </li>
          ))}
        </ul>
      </section>
      <Formats formats={formats} />
      {missing.length > 0 && <Missing backends={missing} />}
    </>
  )
}

function Formats({ formats }: { readonly formats: readonly DoctorFormat[] }) {
  const compared = formats.some(({ rates }) => rates !== undefined)
  return (
    <section aria-labelledby="doctor-formats">
      <h2 id="doctor-formats">Number formats of weights</h2>
      {compared && (
        <p className="muted">Bars show the same, in products with a weight of 1,024 × 4,096, by the blas backend.</p>
      )}
      <ul className="backends" aria-label="Number formats">
        {formats.map(format => (
          <li key={format.name} className="card backend">
            <h3>
              {format.name} {format.chosen && <span className="backend-chosen">in use</span>}
            </h3>
            <p className={format.usable ? undefined : 'muted'}>{withCode(format.detail)}</p>
            <Rates of={format} among={formats} />
          </li>
        ))}
      </ul>
      <p className="muted">
        Another one: start with <code>--dtype NAME</code>, or set <code>PATCHLIGHT_DTYPE</code>.
      </p>
    </section>
  )
}

function Missing({ backends }: { readonly backends: readonly DoctorBackend[] }) {
  return (
    <section aria-labelledby="doctor-missing">
      <h2 id="doctor-missing">What could be added</h2>
      <ul className="backends">
        {backends.map(({ name, advice, detail }) => (
          <li key={name} className="card backend">
            <h3>{name}</h3>
            {advice !== undefined && <p>{withCode(sentence(advice))}</p>}
            <p className="muted">{withCode(detail)}</p>
          </li>
        ))}
      </ul>
    </section>
  )
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`
}

/** Text in which commands stand between backticks. */
function withCode(text: string) {
  const parts = text.split('`').map((part, place) => ({ part, place, command: place % 2 === 1 }))
  return parts.map(({ part, place, command }) => (command ? <code key={place}>{part}</code> : part))
}
