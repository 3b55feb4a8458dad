/**
 * A prompt as the model reads it: one chip a token. Tokens are text from anywhere, so they are
 * only ever set as text. Some may be marked, because they differ or because they were patched.
 */
import { numbered } from './numbered.ts'
import './token-strip.css'

interface TokenStripProps {
  readonly labels: readonly string[]
  readonly name: string
  /** Position of the first label. @default 0 */
  readonly from?: number
  readonly marked?: ReadonlySet<number>
  /** What a mark means, for those who cannot see it. */
  readonly markMeaning?: string
}

export function TokenStrip({ labels, name, from = 0, marked, markMeaning = 'marked' }: TokenStripProps) {
  return (
    <ol className="token-strip" aria-label={name}>
      {numbered(labels).map(({ at, item: label }) => {
        const position = from + at
        const isMarked = marked?.has(position) === true
        return (
          <li
            key={position}
            className={isMarked ? 'token token-marked' : 'token'}
            title={`position ${position}${isMarked ? `: ${markMeaning}` : ''}`}
          >
            {label}
            {isMarked && <span className="visually-hidden"> ({markMeaning})</span>}
          </li>
        )
      })}
    </ol>
  )
}
