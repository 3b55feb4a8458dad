/** Runs fuzzing cases by number: the number alone decides the target and the damage. */
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PatchlightError } from '../../engine/errors.ts'
import { seeded } from './mutate.ts'
import { TARGETS } from './targets.ts'

export interface FuzzReport {
  readonly cases: number
  /** Refused with an error for people. */
  readonly refused: number
  /** Loaded and used: the damage did not matter. */
  readonly loaded: number
  /** Anything else, with the number that repeats it. */
  readonly faults: readonly string[]
  readonly slowest: { readonly case: string; readonly ms: number }
}

/** One sentence without a trace, and never one that calls the damage a bug of ours. */
function isForPeople(error: unknown): boolean {
  return error instanceof PatchlightError && error.message !== '' && !error.message.startsWith('internal:')
}

/** Runs the cases `first` to `first + count - 1`, all targets in turn. */
export async function fuzz(first: number, count: number, onCase?: (done: number) => void): Promise<FuzzReport> {
  const root = await mkdtemp(join(tmpdir(), 'patchlight-fuzz-'))
  const targets = Object.entries(TARGETS)
  const faults: string[] = []
  let refused = 0
  let loaded = 0
  let slowest = { case: '', ms: 0 }
  for (let number = first; number < first + count; number++) {
    const [name, target] = targets[number % targets.length] ?? []
    if (target === undefined) continue
    const dir = join(root, name ?? '')
    // What an earlier case left behind must not have a say.
    await rm(dir, { recursive: true, force: true })
    await mkdir(dir, { recursive: true })
    const start = performance.now()
    try {
      await target(dir, seeded(number))
      loaded++
    } catch (error) {
      if (isForPeople(error)) refused++
      else faults.push(`${name} ${number}: ${error instanceof Error ? error.stack : error}`)
    }
    const ms = performance.now() - start
    if (ms > slowest.ms) slowest = { case: `${name} ${number}`, ms }
    onCase?.(number - first + 1)
  }
  await rm(root, { recursive: true, force: true })
  return { cases: count, refused, loaded, faults, slowest }
}
