/** One of the two texts, with where it leaves the other marked. */
import type { SideText } from './use-generation.ts'

interface SidePanelProps {
  readonly name: string
  readonly side: SideText
  readonly growing: boolean
  /** The text to compare with. */
  readonly other?: string
}

const FINISHES: Readonly<Record<string, string>> = {
  eos: 'the model ended it',
  stop: 'a stop text came',
  length: 'max tokens reached',
  context: 'the model’s longest context reached',
}

export function SidePanel({ name, side, growing, other }: SidePanelProps) {
  const same = other === undefined ? side.text.length : sharedLength(side.text, other)
  const end = side.finish === null ? '' : `: ${FINISHES[side.finish] ?? side.finish}`
  return (
    <section className="card generate-side" aria-label={name} aria-busy={growing && side.finish === null}>
      <h2>{name}</h2>
      <p className="generate-text">
        {side.text.slice(0, same)}
        {same < side.text.length && <mark>{side.text.slice(same)}</mark>}
      </p>
      <p className="muted small">
        {side.tokens.toLocaleString('en')} {side.tokens === 1 ? 'token' : 'tokens'}
        {end}
      </p>
    </section>
  )
}

function sharedLength(a: string, b: string): number {
  const most = Math.min(a.length, b.length)
  let at = 0
  while (at < most && a[at] === b[at]) at += 1
  return at
}
