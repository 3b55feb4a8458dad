/** The rules of hooks/SPEC.md and the tests that cite them are one set. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))

function rulesIn(text: string, form: RegExp): string[] {
  return Array.from(text.matchAll(form), match => match[1] ?? '')
}

it('every rule is numbered once and cited by a test, and every citation is a rule', () => {
  const rules = rulesIn(readFileSync(join(ROOT, 'hooks/SPEC.md'), 'utf8'), /^- \*\*\[([A-Z]\d+)\]\*\*/gm)
  expect(rules.length).toBeGreaterThan(0)
  expect(new Set(rules).size, 'rules numbered twice').toBe(rules.length)
  const files = ['tests/engine', 'tests/hooks'].flatMap(folder =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
      .filter(file => file.endsWith('.test.ts'))
      .map(file => readFileSync(join(ROOT, folder, file), 'utf8')),
  )
  const cited = new Set(files.flatMap(text => rulesIn(text, /\[([A-Z]\d+)\]/g)))
  expect([...cited].sort()).toEqual([...rules].sort())
})
