/** Which tokens of a long prompt are shown. Nothing where all are. */
import type { TokenWindow } from '../../../../studies/runs/cell/types.ts'

export function ShownTokens({ window: { from, labels, of } }: { readonly window: TokenWindow }) {
  if (labels.length === of) return null
  return (
    <span className="muted small">
      Tokens {from}–{from + labels.length - 1} of {of.toLocaleString('en')} are shown.
    </span>
  )
}
