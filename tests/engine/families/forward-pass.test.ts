/** The forward pass asks the spec, never what the family is called. */
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { FAMILIES } from '../../../engine/families/registry.ts'

const ENGINE = fileURLToPath(new URL('../../../engine/', import.meta.url))

/** Source without its comments, which may say whose idea a thing was. */
function code(file: string): string {
  return readFileSync(ENGINE + file, 'utf8')
    .replace(/\/\*[\s\S]*?\*\//g, '')
    .replace(/\/\/.*$/gm, '')
}

it('names no family', () => {
  const files = [
    'forward.ts',
    'lanes.ts',
    'load-weights.ts',
    ...readdirSync(`${ENGINE}layers`).map(file => `layers/${file}`),
  ]
  const names = new RegExp(FAMILIES.flatMap(family => [family.name, ...family.modelTypes]).join('|'), 'i')
  for (const file of files) {
    expect(code(file), file).not.toMatch(names)
    expect(code(file), file).not.toMatch(/spec\.family|\.family\b/)
  }
})
