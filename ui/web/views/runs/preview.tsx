/** A run's first figure at a glance. The browser asks for it when it is about to be seen, and keeps it. */
import type { RunSummary } from '../../../../studies/runs/events.ts'
import { api } from '../../../client/api.ts'

/** While a run computes its picture changes ten times, not with every cell. */
const STEPS = 10

export function Preview({ run }: { readonly run: RunSummary }) {
  const { id, state, done, total } = run
  const step = state === 'running' ? Math.floor((STEPS * done) / Math.max(1, total)) : done
  return (
    <img
      className="run-preview"
      src={api.previewUrl(id, `${state}-${step}`)}
      alt=""
      loading="lazy"
      decoding="async"
      width={112}
      height={64}
    />
  )
}
