/**
 * Which backend computes a model: the caller's choice, else PATCHLIGHT_BACKEND's, else the fastest of
 * those that work here for a model of its sizes. "Fastest" is measured, by running a layer of them
 * (`trial.ts`), once for each size of model on a machine: the answer is kept (`trial-cache.ts`).
 */
import { availableParallelism, cpus, loadavg, totalmem } from 'node:os'
import { askedBackend, libraryOf, presentBackends, selectBackend } from './backends/select.ts'
import { readTrials, type Trials, writeTrials } from './backends/trial-cache.ts'
import { BACKEND_NAMES, type BackendName } from './backends/types.ts'
import { BackendError } from './errors.ts'
import type { ModelSpec } from './spec.ts'
import { type BlockSizes, blockSizes, TRIAL_ROWS, Trial } from './trial.ts'

/** Runs of a layer that count, on each backend in turns; the quickest of them is what others did not disturb. */
const ROUNDS = 3
/** No more rounds after this long: a start must not wait for figures. */
const ENOUGH_MS = 300
/**
 * Of its time, what the one backend that computes on one thread must have had the processor for. With
 * less, others had it, and threads that wait for each other then take many times as long as they would alone.
 */
const UNDISTURBED = 0.85
/** The processor's time is told in steps. */
const LEAST_MS = 0.01
/** A backend that comes later in the list must be faster by this much: less is noise, and would change with the day. */
const CLEARLY = 0.9

export interface BackendChoice {
  readonly name: BackendName
  /** For people, in a few words: `fastest here for a model of this size: 2.1 ms a layer, wasm 6.3`. */
  readonly why: string
  /** What was measured; absent where nothing was. */
  readonly trials?: Pick<Trials, 'ms' | 'busy'>
}

export interface ChooseOptions {
  /** Measures again what is known. @default false */
  readonly again?: boolean
}

/**
 * Chooses, and starts what it chose (`selectBackend(name)` gives it).
 * @param asked default: PATCHLIGHT_BACKEND, else `auto`
 * @throws BackendError if the one that was asked for is unknown or unusable, or none works
 */
export async function chooseBackend(
  spec: ModelSpec,
  asked?: BackendName | 'auto',
  { again = false }: ChooseOptions = {},
): Promise<BackendChoice> {
  const wanted = askedBackend(asked)
  if (wanted !== 'auto') {
    await selectBackend(wanted)
    return { name: wanted, why: 'asked for by name' }
  }
  const sizes = blockSizes(spec)
  const [machine, model] = [machineKey(), Object.values(sizes).join('×')]
  const known = again ? undefined : readTrials(machine, model)
  if (known !== undefined) {
    const choice = fastest(known)
    // One that was measured and now does not start is no reason to fail: measure what does.
    if (choice !== undefined && (await starts(choice.name))) return choice
  }
  const { failed, ...trials } = await runTrials(sizes)
  const choice = fastest(trials)
  if (choice === undefined) {
    const { name } = await selectBackend('auto')
    return { name, why: 'the only one that works here' }
  }
  // One that failed may have lacked what it has another day, memory say: it is tried again.
  if (!failed) writeTrials(machine, model, { at: Date.now(), ...trials })
  await selectBackend(choice.name)
  return choice
}

async function starts(name: BackendName): Promise<boolean> {
  try {
    await selectBackend(name)
    return true
  } catch (error) {
    if (error instanceof BackendError) return false
    throw error
  }
}

/**
 * Times a layer on every backend that works; nothing where there is no choice. Where other work had the
 * machine meanwhile, what is given is the processor's time of all threads, which that disturbs least.
 */
async function runTrials(sizes: BlockSizes): Promise<Pick<Trials, 'ms' | 'busy'> & { readonly failed: boolean }> {
  const usable = new Set<BackendName>()
  for (const name of presentBackends()) if (await starts(name)) usable.add(name)
  const ms: Partial<Record<BackendName, number>> = {}
  if (usable.size < 2) return { ms, busy: false, failed: false }
  const started = usable.size
  const trial = new Trial(sizes)
  const begin = performance.now()
  const processorMs: Partial<Record<BackendName, number>> = {}
  const alone = { wallMs: 0, processorMs: 0 }
  // The first round warms up; in turns, so that no backend pays for the code that all share.
  for (let round = 0; round <= 1 || (round <= ROUNDS && performance.now() - begin < ENOUGH_MS); round++) {
    for (const name of usable) {
      const backend = await selectBackend(name)
      const before = process.cpuUsage()
      const tookMs = worked(() => trial.time(backend))
      if (tookMs === null) {
        usable.delete(name)
        delete ms[name]
        trial.release(backend)
        continue
      }
      const { user, system } = process.cpuUsage(before)
      const usedMs = (user + system) / 1000
      if (round === 0) continue
      ms[name] = Math.min(ms[name] ?? Number.POSITIVE_INFINITY, tookMs)
      processorMs[name] = Math.min(processorMs[name] ?? Number.POSITIVE_INFINITY, Math.max(usedMs, LEAST_MS))
      if (name !== 'wasm') continue
      alone.wallMs += tookMs
      alone.processorMs += usedMs
    }
  }
  const [load = 0] = loadavg()
  const busy = alone.processorMs < UNDISTURBED * alone.wallMs || load > cpus().length
  for (const name of usable) {
    const backend = await selectBackend(name)
    if (busy) ms[name] = (processorMs[name] ?? LEAST_MS) * trial.scale
    else {
      const restMs = worked(() => trial.rest(backend))
      if (restMs === null) {
        usable.delete(name)
        delete ms[name]
      } else ms[name] = (ms[name] ?? 0) + restMs
    }
    trial.release(backend)
  }
  return { ms, busy, failed: usable.size < started }
}

/** Milliseconds of a trial; null where the backend cannot do it, which is no reason not to use another. */
function worked(trial: () => number): number | null {
  try {
    return trial()
  } catch (error) {
    if (error instanceof BackendError) return null
    throw error
  }
}

/** The choice from what was measured; undefined without anything. */
export function fastest({ ms, busy }: Pick<Trials, 'ms' | 'busy'>): BackendChoice | undefined {
  let best: { readonly name: BackendName; readonly took: number } | undefined
  for (const name of BACKEND_NAMES) {
    const took = ms[name]
    if (took !== undefined && (best === undefined || took < best.took * CLEARLY)) best = { name, took }
  }
  if (best === undefined) return undefined
  const { name, took } = best
  const trials = { ms, busy }
  const others = BACKEND_NAMES.flatMap(other => {
    const time = ms[other]
    return time === undefined || other === name ? [] : [`${other} ${formatMs(time)}`]
  })
  const how = busy ? 'by processor time, for the machine was busy: ' : ''
  const why = `fastest here for a model of this size: ${how}${formatMs(took)} ms a layer of ${[`${TRIAL_ROWS} tokens`, ...others].join(', ')}`
  return { name, why, trials }
}

function formatMs(ms: number): string {
  return ms.toFixed(ms < 100 ? 1 : 0)
}

/** What a measurement holds for: the processor, what of it this process may use, and the libraries. */
function machineKey(): string {
  const libraries = BACKEND_NAMES.map(name => `${name}: ${libraryOf(name)}`)
  const gib = Math.round(totalmem() / 2 ** 30)
  const threads = process.env.OMP_NUM_THREADS ?? 'all'
  return [
    `${process.platform} ${process.arch}, ${cpus()[0]?.model ?? 'unknown processor'}`,
    `${availableParallelism()} cores, ${threads} threads, ${gib} GiB, Node ${process.versions.node}`,
    ...libraries,
  ].join('; ')
}
