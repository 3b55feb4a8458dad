/**
 * Forward passes with hooks: a batch of prompts, each with its own interventions, functions and
 * captures. This is the plain way to run anything; a sweep must give the same numbers. Layers above
 * the last that anything is read from are not run.
 */
import { inConvoy } from '../engine/convoy.ts'
import { embed, runLayers, unembed } from '../engine/forward.ts'
import { batchOf, type Lane } from '../engine/lanes.ts'
import type { Model } from '../engine/model.ts'
import { SITES } from '../engine/points.ts'
import { checkPrompt } from '../engine/prompt.ts'
import type { ModelWeights } from '../engine/weights.ts'
import { Capture, type PointSelector, selectPoints } from './capture.ts'
import { collectDonors } from './donors.ts'
import { compileEdits, resolvePositions } from './edit.ts'
import type { Intervention, Positions } from './intervention.ts'
import { calledPoint, type HookFunction, type LaneHooks, LaneTap } from './lane-tap.ts'
import { measure } from './measure.ts'
import { checkMetric, type Metric } from './metric.ts'

export { checkPrompt }

/** One prompt of a batch and what happens in its run. */
export interface PromptRun {
  readonly ids: readonly number[]
  readonly interventions?: readonly Intervention[]
  /** Functions at hook points, for what data cannot say. */
  readonly functions?: readonly { readonly at: string; readonly run: HookFunction }[]
}

export interface RunOptions {
  /** Points to copy out of every run. */
  readonly capture?: PointSelector
  /** Positions to capture at, in each run; negative ones count from its end. @default 'all' */
  readonly capturePositions?: Positions
  /** Positions whose logits are given back. @default none */
  readonly logits?: Positions
  /** Measured at `metricPosition`. */
  readonly metrics?: readonly Metric[]
  /** @default -1 */
  readonly metricPosition?: number
  readonly signal?: AbortSignal
}

export interface RunOutput {
  /** Empty unless `capture` was asked for. */
  readonly capture: Capture
  /** [vocab] at each of the asked positions */
  readonly logits: readonly Float32Array[]
  /** One number a metric. */
  readonly values: Float64Array
}

/** Rows of one batch at most: beyond this, products gain nothing and memory grows. */
const MAX_ROWS = 2048

/**
 * Runs prompts with their hooks.
 * @throws HookPointError, ShapeError on what the model or a prompt does not have
 */
export async function runWithHooks(
  model: Model,
  runs: readonly PromptRun[],
  options: RunOptions = {},
): Promise<RunOutput[]> {
  for (const { ids, functions = [] } of runs) {
    checkPrompt(model, ids)
    for (const { at } of functions) calledPoint(model.spec, at)
    // What is read in a pass or at its end is checked before the first begins.
    resolvePositions(options.capturePositions, ids.length, 'capture')
    resolvePositions(options.logits, ids.length, 'logits')
    resolvePositions(options.metricPosition, ids.length, 'metric')
  }
  for (const metric of options.metrics ?? []) checkMetric(metric, model.spec.vocab)
  const points = options.capture === undefined ? [] : selectPoints(model.spec, options.capture)
  const encode = (text: string): number[] => model.tokenizer.encode(text)
  const lookup = await collectDonors(model, runs, encode, runWithHooks, options.signal)
  const passes = [...chunksOf(runs)].map(chunk => async (weights: ModelWeights): Promise<RunOutput[]> => {
    if (options.signal !== undefined) await letEventsIn(options.signal)
    const lanes = chunk.map((run): Lane => ({ start: 0, length: run.ids.length, prefix: null }))
    const hooks = new Map<Lane, LaneHooks>()
    for (const [i, run] of chunk.entries()) {
      const lane = lanes[i]
      if (lane === undefined) continue
      const positions = resolvePositions(options.capturePositions, run.ids.length, 'capture')
      hooks.set(lane, {
        edits: compileEdits(model.spec, run.interventions ?? [], run.ids.length, encode, lookup),
        functions: (run.functions ?? []).map(({ at, run: call }) => ({
          point: calledPoint(model.spec, at),
          run: call,
        })),
        ...(points.length === 0 ? {} : { captures: points.map(point => ({ point, positions })) }),
      })
    }
    return runChunk({ ...model, weights }, chunk, lanes, hooks, points.length > 0, options)
  })
  return runTogether(model.weights, passes)
}

/** Batches that go down the layers together where each layer has to be read for them. */
const BATCHES_TOGETHER = 4

/** Runs passes one after another, or, with weights from disk, some at a time so that they share each reading. */
async function runTogether<T>(
  weights: ModelWeights,
  passes: readonly ((weights: ModelWeights) => Promise<readonly T[]>)[],
): Promise<T[]> {
  const results: (readonly T[])[] = []
  const kept = passes.map((pass, i) => async (own: ModelWeights) => {
    results[i] = await pass(own)
  })
  const step = weights.residency === 'disk' ? BATCHES_TOGETHER : 1
  for (let at = 0; at < kept.length; at += step) {
    const some = kept.slice(at, at + step)
    if (some.length > 1) await inConvoy(weights, some)
    else for (const pass of some) await pass(weights)
  }
  return results.flat()
}

async function runChunk(
  model: Model,
  runs: readonly PromptRun[],
  lanes: readonly Lane[],
  hooks: ReadonlyMap<Lane, LaneHooks>,
  captures: boolean,
  options: RunOptions,
): Promise<RunOutput[]> {
  const batch = batchOf(lanes)
  const tap = new LaneTap(model.spec, model.backend, hooks)
  const ids = runs.flatMap(run => run.ids)
  const signal = options.signal
  const metrics = options.metrics ?? []
  const to = layersNeeded(model.spec.layers.length, hooks, options.logits !== undefined || metrics.length > 0)
  const stream = await runLayers(model, embed(model, ids, batch, tap), batch, {
    tap,
    to: to ?? model.spec.layers.length,
    ...(signal === undefined ? {} : { signal }),
  })
  try {
    const places = runs.map((run, i) => {
      const first = batch.rowOf[i] ?? 0
      const row = (position: number): number => first + position
      const { length } = run.ids
      return {
        logits: options.logits === undefined ? [] : resolvePositions(options.logits, length, 'logits').map(row),
        metric: metrics.length === 0 ? [] : resolvePositions(options.metricPosition ?? -1, length, 'metric').map(row),
      }
    })
    const rows = [...new Set(places.flatMap(({ logits, metric }) => [...logits, ...metric]))]
    const wanted = new Set(places.flatMap(({ logits }) => logits))
    const found = to === null ? readRows(model, stream, batch, rows, tap, wanted, metrics) : NOTHING_READ
    return runs.map((_, i) => {
      const lane = lanes[i]
      const place = places[i]
      return {
        capture: captures && lane !== undefined ? tap.captureOf(lane) : new Capture(model.spec),
        logits: (place?.logits ?? []).map(row => found.logits.get(row) ?? new Float32Array()),
        values: found.values.get(place?.metric[0] ?? -1) ?? new Float64Array(),
      }
    })
  } finally {
    stream.dispose()
  }
}

/** How many layers anything is read from: those above need not run. Null where the end is read. */
function layersNeeded(layers: number, hooks: ReadonlyMap<Lane, LaneHooks>, readsEnd: boolean): number | null {
  const read = [...hooks.values()].flatMap(({ captures = [], functions = [] }) => [...captures, ...functions])
  if (readsEnd || read.some(({ point }) => SITES[point.site].stage === 'unembed')) return null
  return Math.min(layers, Math.max(0, ...read.map(({ point }) => point.layer + 1)))
}

/** Logits and metrics by row. */
interface ReadRows {
  readonly logits: ReadonlyMap<number, Float32Array>
  readonly values: ReadonlyMap<number, Float64Array>
}

const NOTHING_READ: ReadRows = { logits: new Map(), values: new Map() }

/** Logits that are copied out in one piece: about 64 MB. */
const MAX_LOGITS = 16_000_000

function readRows(
  model: Model,
  stream: Parameters<typeof unembed>[1],
  batch: Parameters<typeof unembed>[2],
  rows: readonly number[],
  tap: LaneTap,
  wanted: ReadonlySet<number>,
  metrics: readonly Metric[],
): ReadRows {
  const logits = new Map<number, Float32Array>()
  const values = new Map<number, Float64Array>()
  const { vocab } = model.spec
  // Hooks on the final points need every row to be there, and each point to fire once.
  const hooked = ['ln_final_scale', 'ln_final_normalized', 'unembed_in', 'unembed_out'] as const
  const whole = hooked.some(site => tap.wants(site, -1))
  const step = whole ? Math.max(rows.length, 1) : Math.max(1, Math.floor(MAX_LOGITS / vocab))
  for (let from = 0; from < rows.length || (whole && from === 0); from += step) {
    const part = rows.slice(from, from + step)
    const result = unembed(model, stream, batch, part.length === 0 ? null : part, tap)
    try {
      if (part.length === 0) continue
      if (metrics.length > 0)
        for (const [i, value] of measure(model.backend, result, metrics).entries()) values.set(part[i] ?? -1, value)
      const view = model.backend.view(result)
      for (const [i, row] of part.entries())
        if (wanted.has(row)) logits.set(row, view.slice(i * vocab, (i + 1) * vocab))
    } finally {
      result.dispose()
    }
  }
  return { logits, values }
}

/** A pass does not yield: whoever may abort gets a turn before each. */
async function letEventsIn(signal: AbortSignal): Promise<void> {
  await new Promise(resolve => setImmediate(resolve))
  signal.throwIfAborted()
}

/** Groups of runs whose rows fit one batch. */
function* chunksOf(runs: readonly PromptRun[]): Generator<PromptRun[]> {
  let chunk: PromptRun[] = []
  let rows = 0
  for (const run of runs) {
    if (chunk.length > 0 && rows + run.ids.length > MAX_ROWS) {
      yield chunk
      chunk = []
      rows = 0
    }
    chunk.push(run)
    rows += run.ids.length
  }
  if (chunk.length > 0) yield chunk
}
