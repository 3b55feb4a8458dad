/** The likeliest next tokens before and after the patch, side by side. */
import type { TopToken } from '../../../../studies/runs/workbench-types.ts'
import { formatProbability } from '../../format.ts'

interface TopTokensProps {
  readonly before: readonly TopToken[]
  readonly after: readonly TopToken[]
}

export function TopTokens({ before, after }: TopTokensProps) {
  const known = new Map(before.map(token => [token.id, token.prob]))
  return (
    <section className="top-tokens" aria-label="Top tokens">
      <TokenTable name="Before" tokens={before} change={() => null} />
      <TokenTable
        name="After"
        tokens={after}
        change={token => {
          const was = known.get(token.id)
          return was === undefined ? 'new' : formatChange(token.prob - was)
        }}
      />
    </section>
  )
}

interface TokenTableProps {
  readonly name: string
  readonly tokens: readonly TopToken[]
  readonly change: (token: TopToken) => string | null
}

function TokenTable({ name, tokens, change }: TokenTableProps) {
  const withChange = tokens.some(token => change(token) !== null)
  return (
    <table className="top-table">
      <caption>{name}</caption>
      <thead className="visually-hidden">
        <tr>
          <th scope="col">Token</th>
          <th scope="col">Probability</th>
          {withChange && <th scope="col">Change</th>}
        </tr>
      </thead>
      <tbody>
        {tokens.map(token => (
          <tr key={token.id} title={`token ${token.id}, logit ${token.logit.toFixed(3)}`}>
            <td className="top-token">
              <span className="top-bar" style={{ width: `${Math.max(1, token.prob * 100)}%` }} />
              <span className="top-label">{token.label}</span>
            </td>
            <td className="number">{formatProbability(token.prob)}</td>
            {withChange && <td className="number muted">{change(token)}</td>}
          </tr>
        ))}
      </tbody>
    </table>
  )
}

/** In percentage points, as probabilities are shown. */
function formatChange(change: number): string {
  const points = change * 100
  if (Math.abs(points) < 0.05) return '±0'
  return `${points > 0 ? '+' : '−'}${Math.abs(points).toFixed(1)}`
}
