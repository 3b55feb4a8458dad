/** An address that names nothing. */
import { Link } from '../../parts/link.tsx'

export function LostPage({ path }: { readonly path: string }) {
  return (
    <div className="page">
      <h1>There is no page at {path}</h1>
      <p className="muted">
        <Link to={{ view: 'home' }}>Start a new run</Link>, or choose one from the list of runs.
      </p>
    </div>
  )
}
