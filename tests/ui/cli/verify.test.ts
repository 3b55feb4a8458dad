import { expect, it } from 'vitest'
import { INVARIANTS } from '../../../hooks/invariants/verify.ts'
import { cli } from './support.ts'

it('verify reports every invariant of the embedded model', async () => {
  const { code, out, err } = await cli(['verify', '--prompt', 'she sells', '--prompt', 'sea shells by the', '--json'])
  expect([code, err]).toEqual([0, ''])
  const document = JSON.parse(out)
  expect(Object.keys(document)).toEqual(['model', 'family', 'backend', 'ok', 'findings'])
  expect(document.ok).toBe(true)
  expect(document.findings.map((finding: { name: string }) => finding.name)).toEqual(INVARIANTS.map(({ name }) => name))
  for (const { worst, tolerance } of document.findings) expect(worst).toBeLessThanOrEqual(tolerance)
})

it('verify prints a line for each, and a missing folder is one sentence', async () => {
  const { code, out } = await cli(['verify', '--prompt', 'she sells'])
  expect(code).toBe(0)
  expect(out.match(/^ {2}holds /gm)).toHaveLength(INVARIANTS.length)
  const refused = await cli(['verify', '--model', 'no-such-folder'])
  expect(refused.code).toBe(1)
  expect(refused.err.trim().split('\n')).toHaveLength(1)
})
