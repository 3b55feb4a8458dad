/** docs/parity.md, from the errors that the parity tests measured and the comparison with TransformerLens. */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { transformerLens } from './transformer-lens.ts'

export const PARITY_PAGE = fileURLToPath(new URL('../../docs/parity.md', import.meta.url))

export interface Row {
  readonly backend: string
  readonly family: string
  readonly name: string
  readonly logits: number
  readonly points: number
}

/** Two figures are more than another processor would repeat; one is enough. */
function shown(error: number): string {
  return error === 0 ? '0' : error.toExponential(0)
}

/** The whole page. */
export function parityPage(rows: readonly Row[]): string {
  const families = [...new Set(rows.map(row => row.family))]
  const backends = [...new Set(rows.map(row => row.backend))]
  const worst = (own: readonly Row[], what: 'logits' | 'points') => shown(Math.max(0, ...own.map(row => row[what])))
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  const table = [
    line(['family', 'fixtures', ...backends.flatMap(name => [`logits, ${name}`, `points, ${name}`])]),
    line(['---', '---', ...backends.flatMap(() => ['---:', '---:'])]),
    ...families.map(family => {
      const own = rows.filter(row => row.family === family)
      const errors = backends.flatMap(backend => {
        const mine = own.filter(row => row.backend === backend)
        return [worst(mine, 'logits'), worst(mine, 'points')]
      })
      return line([family, [...new Set(own.map(row => row.name))].join(', '), ...errors])
    }),
  ]
  const cases: Record<string, { exercises: string }> = Object.fromEntries(
    [...new Set(rows.map(row => row.name))].map(name => [name, caseOf(name)]),
  )
  return `# Parity

Written by the parity tests: \`PATCHLIGHT_WRITE_DOCS=1 npx vitest run tests/parity\`.

Every family runs tiny random checkpoints that exercise its branches, and is compared with Hugging
Face transformers (eager attention, float32, CPU) on the logits and on every hook point. The table
holds the largest errors: absolute on logits (at most 1e-4 passes), and on points as part of the
point's largest value (at most 1e-5 passes). The reference's own float32 and float64 differ by up
to 1.6e-5 and 2.7e-6.

${table.join('\n')}

## What each fixture exercises

${Object.entries(cases)
  .map(([name, { exercises }]) => `- **${name}**: ${exercises.replace(/\.$/, '')}.`)
  .join('\n')}

## Not computed

- Phi-3's \`longrope\` beyond the original context: its second list of factors would change all
  positions at once, those with kept keys too. Longer sequences are refused.
- What a config asks for and we do not have is refused with an error that names the key: other
  kinds of \`rope_scaling\` (\`yarn\`), \`quantization_config\`, \`clip_qkv\`,
  \`use_bidirectional_attention\`, other activation functions, and more.

## Where TransformerLens differs

Names, shapes and values were held against TransformerLens ${transformerLens.transformerLens} with the same weights. They agree
but for these:

${divergences().join('\n')}

It cannot express these fixtures:

${Object.entries(transformerLens.notExpressible)
  .map(([name, why]) => `- **${name}**: ${why}.`)
  .join('\n')}
`
}

function caseOf(name: string): { exercises: string } {
  return JSON.parse(readFileSync(new URL(`../fixtures/parity/${name}/case.json`, import.meta.url), 'utf8'))
}

/** One line a reason, with the points and fixtures that it explains. */
export function divergences(): string[] {
  const byReason = new Map<string, { points: Set<string>; cases: Set<string> }>()
  for (const [name, { differ }] of Object.entries(transformerLens.cases))
    for (const [point, { reason }] of Object.entries(differ)) {
      const entry = byReason.get(reason) ?? { points: new Set(), cases: new Set() }
      entry.points.add(point)
      entry.cases.add(name)
      byReason.set(reason, entry)
    }
  return [...byReason].map(
    ([reason, { points, cases }]) =>
      `- ${[...points].map(point => `\`${point}\``).join(', ')} (${[...cases].join(', ')}): ${reason}.`,
  )
}
