/** What this machine computes with, in plain words, and what would make it faster. */
import { formatBytes, formatNumber } from '../../format.ts'
import { useDoctor } from '../../services/catalog.ts'
import './doctor.css'

export function DoctorPage() {
  const { value: report, error } = useDoctor()
  return (
    <div className="page doctor">
      <h1>How this machine computes</h1>
      {error !== null && <p className="sentence-error">{error}</p>}
      {report === null && error === null && <p className="muted">Looking …</p>}
      {report !== null && (
        <>
          <p className="muted">
            Node {report.node} on {report.platform}, {report.cores} cores, {formatBytes(report.memoryBytes)} of memory.
          </p>
          <ul className="backends" aria-label="Backends">
            {report.backends.map(backend => (
              <li key={backend.name} className="card backend">
                <h2>
                  {backend.name}
                  {backend.chosen && <span className="backend-chosen">in use</span>}
                </h2>
                <p>{backend.detail}</p>
                {backend.gflops !== undefined && (
                  <p className="muted">Matrix products at {formatNumber(Math.round(backend.gflops))} GFLOP/s.</p>
                )}
                {backend.advice !== undefined && <p className="muted">{backend.advice}</p>}
              </li>
            ))}
          </ul>
        </>
      )}
    </div>
  )
}
