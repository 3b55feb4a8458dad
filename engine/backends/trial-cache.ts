/**
 * What was measured on this machine, kept between starts: one small JSON file in the cache folder.
 * It holds for the machine and the libraries that it was measured with; anything else in its place,
 * damaged, of another format, or old, counts as nothing and is written over.
 */
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { z } from 'zod'
import { cacheFolder } from '../cache-folder.ts'
import { BACKEND_NAMES } from './types.ts'

const FILE = 'backends.json'
/** Drivers and clock settings change without a version to show for it. */
const MAX_AGE_MS = 30 * 24 * 3600 * 1000
/** What was measured beside other work is soon measured again. */
const BUSY_MAX_AGE_MS = 10 * 60 * 1000
/** More sizes of models than anyone uses; the oldest go. */
const MAX_ENTRIES = 64

const trials = z.strictObject({
  /** When, in milliseconds since 1970. */
  at: z.number(),
  /** Milliseconds of a layer, by backend. */
  ms: z.partialRecord(z.enum(BACKEND_NAMES), z.number().positive()),
  /** Other work had the machine meanwhile: the figures are the processor's time. */
  busy: z.boolean(),
})

const file = z.strictObject({
  format: z.literal(1),
  /** The machine and the libraries, as text. */
  machine: z.string(),
  models: z.record(z.string(), trials),
})

export type Trials = z.infer<typeof trials>

export function trialCachePath(): string {
  return join(cacheFolder(), FILE)
}

/** What is known of a size of model on this machine; undefined if that is nothing, or too old. */
export function readTrials(machine: string, model: string, nowMs = Date.now()): Trials | undefined {
  const found = readFile(machine)[model]
  if (found === undefined) return undefined
  const ageMs = nowMs - found.at
  // A time to come is a clock that was set back: nothing tells how old it is.
  return ageMs >= 0 && ageMs <= (found.busy ? BUSY_MAX_AGE_MS : MAX_AGE_MS) ? found : undefined
}

/** Adds to what is known. A folder that cannot be written to costs a measurement at each start, and nothing else. */
export function writeTrials(machine: string, model: string, measured: Trials): void {
  const path = trialCachePath()
  const entries = Object.entries({ ...readFile(machine), [model]: measured })
  entries.sort(([, a], [, b]) => b.at - a.at)
  const models = Object.fromEntries(entries.slice(0, MAX_ENTRIES))
  const unfinished = `${path}.${process.pid}`
  try {
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(unfinished, JSON.stringify({ format: 1, machine, models } satisfies z.infer<typeof file>, null, 2))
    renameSync(unfinished, path)
  } catch {
    if (existsSync(unfinished)) rmSync(unfinished)
  }
}

function readFile(machine: string): Record<string, Trials> {
  try {
    const parsed = file.safeParse(JSON.parse(readFileSync(trialCachePath(), 'utf8')))
    return parsed.success && parsed.data.machine === machine ? parsed.data.models : {}
  } catch {
    return {}
  }
}
