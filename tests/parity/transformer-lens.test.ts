/** Our names and shapes against TransformerLens's; where they differ, a listed reason says why. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { familyOf } from '../../engine/families/registry.ts'
import { axisSize, pointsOf, SITES } from '../../engine/points.ts'
import type { ModelSpec } from '../../engine/spec.ts'
import { checkpointDir, parityCases, readConfig } from '../support/fixtures.ts'
import { divergences, PARITY_PAGE } from './page.ts'
import { transformerLens } from './transformer-lens.ts'

function specOf(name: string): ModelSpec {
  const config = readConfig(name)
  return familyOf(config).spec(config)
}

/** Our points with their shapes for a prompt of `length` tokens, any layer and any expert written as one. */
function shapesOf(spec: ModelSpec, length: number): Map<string, number[]> {
  return new Map(
    pointsOf(spec).map(point => [
      point.name.replace(/blocks\.\d+/, 'blocks.L').replace(/experts\.\d+/, 'experts.E'),
      SITES[point.site].axes.map(axis => axisSize(spec, axis) ?? length),
    ]),
  )
}

it('every fixture is compared, or TransformerLens cannot express it', () => {
  const { cases, notExpressible } = transformerLens
  expect([...Object.keys(cases), ...Object.keys(notExpressible)].sort()).toEqual(parityCases().sort())
})

it.each(Object.entries(transformerLens.cases))('%s: names and shapes', (name, { agree, differ }) => {
  const { prompts }: { prompts: number[] } = JSON.parse(readFileSync(join(checkpointDir(name), '../case.json'), 'utf8'))
  const ours = shapesOf(specOf(name), prompts[0] ?? 0)
  const theirs = new Set([...Object.keys(agree), ...Object.keys(differ)])
  theirs.delete('logits')
  expect([...ours.keys()].sort()).toEqual([...theirs].sort())
  for (const [point, shape] of Object.entries(agree))
    if (point !== 'logits') expect(ours.get(point), point).toEqual(shape)
})

it('docs/parity.md lists every divergence', () => {
  const page = readFileSync(PARITY_PAGE, 'utf8')
  const lines = divergences()
  expect(lines.length).toBeGreaterThan(0)
  for (const line of lines) expect(page).toContain(line)
})
