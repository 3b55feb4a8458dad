/** A file whose making lets a waiting run go on: tests have a middle for as long as they need one. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'

export interface Gate {
  readonly path: string
  open(): void
}

/** A closed gate. It opens when its test ends however that may be, since a run that waits holds up the next. */
export function closedGate(): Gate {
  const folder = mkdtempSync(join(tmpdir(), 'patchlight-gate-'))
  const path = join(folder, 'open')
  const open = () => writeFileSync(path, '')
  onTestFinished(open)
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
  return { path, open }
}
