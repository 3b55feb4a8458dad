/** The tokens that a prompt becomes, with those that differ from its counterpart's marked. */
import { TokenStrip } from '../../parts/token-strip.tsx'
import { RenderedText } from './rendered-text.tsx'
import { diffTokens } from './token-diff.ts'
import { usePieceLabels, useTokens } from './token-lookup.ts'

interface TokenPreviewProps {
  readonly text: string
  readonly name: string
  /** The prompt that must line up with this one. */
  readonly other?: string | undefined
  /** Says so when the two do not line up; one of a pair does. */
  readonly warns?: boolean
}

/** A piece of text that must be one token: said as such, without what begins every prompt. */
export function PiecePreview({ text, name }: { readonly text: string; readonly name: string }) {
  const labels = usePieceLabels(text)
  if (labels === null || text === '') return null
  return (
    <div className="token-preview">
      <TokenStrip labels={labels} name={`Tokens of ${name}`} />
      {labels.length !== 1 && <p className="sentence-warning">{labels.length} tokens: it must be one.</p>}
    </div>
  )
}

const NONE: ReadonlySet<number> = new Set()

export function TokenPreview({ text, name, other, warns = false }: TokenPreviewProps) {
  const { tokens, stale } = useTokens(text)
  const { tokens: others } = useTokens(other ?? '')
  if (tokens === null) return null
  const diff = other === undefined || others === null ? null : diffTokens(tokens, others)
  return (
    <div className="token-preview" data-stale={stale}>
      <TokenStrip
        labels={tokens.labels}
        name={`Tokens of ${name}`}
        marked={diff?.first ?? NONE}
        markMeaning="differs"
      />
      <span className="token-count muted small">
        {tokens.ids.length} {tokens.ids.length === 1 ? 'token' : 'tokens'}
      </span>
      {tokens.rendered !== undefined && <RenderedText text={tokens.rendered} name={`Rendered text of ${name}`} />}
      {warns && diff !== null && diff.warning !== null && (
        <p className="sentence-warning" role="note">
          {diff.warning}
        </p>
      )}
    </div>
  )
}
