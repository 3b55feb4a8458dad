/** A file whose making lets a waiting run go on: tests have a middle for as long as they need one. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'

export interface Gate {
  readonly path: string
  open(): void
}

/** A closed gate; gone with the test that made it. */
export function closedGate(): Gate {
  const folder = mkdtempSync(join(tmpdir(), 'patchlight-gate-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const path = join(folder, 'open')
  return { path, open: () => writeFileSync(path, '') }
}
