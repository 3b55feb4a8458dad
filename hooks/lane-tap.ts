/**
 * The tap that carries out hooks lane by lane: at each point first the edits, then the functions,
 * then the captures, which so see what the rest of the pass sees. Everything is keyed by lane, so a
 * lane's hooks never touch its neighbours' rows.
 */
import * as tf from '@tensorflow/tfjs-core'
import type { Backend } from '../engine/backends/types.ts'
import { internalError, ShapeError } from '../engine/errors.ts'
import type { Batch, Lane } from '../engine/lanes.ts'
import { resolvePoint } from '../engine/point-names.ts'
import { axisSize, type Point, SITES, type Site } from '../engine/points.ts'
import type { ModelSpec } from '../engine/spec.ts'
import type { Firing, Tap } from '../engine/tap.ts'
import { Capture } from './capture.ts'
import { applyChange, type Edit, isPairwise, rowWidth } from './edit.ts'

/**
 * Sees one lane's activation, [pos, …] or [head, query, key], and may give back another float32
 * tensor of the same shape; nothing leaves it as it is. Synchronous: the tensor lives during the call
 * only, and what the function makes is tidied for it.
 * @param positions absolute positions of the `pos` (or `query`) axis
 */
export type HookFunction = (activation: tf.Tensor, point: Point, positions: readonly number[]) => tf.Tensor | undefined

/**
 * The point that a function is called at. A function is given all of it, so a name of a part would mislead.
 * @throws HookPointError; ShapeError for the name of a head or neuron
 */
export function calledPoint(spec: ModelSpec, at: string): Point {
  const { point, head, neuron } = resolvePoint(spec, at)
  if (head === undefined && neuron === undefined) return point
  const part = head === undefined ? 'neuron' : 'head'
  throw new ShapeError(
    `function at ${at}: expected a whole point, ${point.name}, got a ${part} of it: a function is given all ${part}s`,
  )
}

export interface LaneHooks {
  readonly edits?: readonly Edit[]
  readonly functions?: readonly { readonly point: Point; readonly run: HookFunction }[]
  /** Points to copy out, and at which absolute positions (all when absent). */
  readonly captures?: readonly { readonly point: Point; readonly positions?: readonly number[] }[]
}

interface PointHooks {
  edits: { lane: Lane; edit: Edit }[]
  functions: { lane: Lane; run: HookFunction }[]
  captures: { lane: Lane; positions: readonly number[] | null }[]
}

const keyOf = (site: Site, layer: number, expert = -1): string => `${site}@${layer}.${expert}`

export class LaneTap implements Tap {
  readonly #spec: ModelSpec
  readonly #backend: Backend
  readonly #byPoint = new Map<string, PointHooks>()
  readonly #captures = new Map<Lane, Capture>()

  constructor(spec: ModelSpec, backend: Backend, hooks: ReadonlyMap<Lane, LaneHooks>) {
    this.#spec = spec
    this.#backend = backend
    for (const [lane, own] of hooks) {
      for (const edit of own.edits ?? []) this.#at(edit.point).edits.push({ lane, edit })
      for (const { point, run } of own.functions ?? []) this.#at(point).functions.push({ lane, run })
      for (const { point, positions } of own.captures ?? [])
        this.#at(point).captures.push({ lane, positions: positions ?? null })
      if (own.captures !== undefined) this.#captures.set(lane, new Capture(spec))
    }
  }

  /** What was captured of a lane. */
  captureOf(lane: Lane): Capture {
    const capture = this.#captures.get(lane)
    if (capture === undefined) throw internalError('a lane without captures')
    return capture
  }

  wants(site: Site, layer: number, expert?: number): boolean {
    return this.#byPoint.has(keyOf(site, layer, expert))
  }

  edits(site: Site, layer: number, expert?: number): boolean {
    const hooks = this.#byPoint.get(keyOf(site, layer, expert))
    return hooks !== undefined && (hooks.edits.length > 0 || hooks.functions.length > 0)
  }

  fire<T extends tf.Tensor>(firing: Firing, value: T): T {
    const { point } = firing
    const hooks = this.#byPoint.get(keyOf(point.site, point.layer, point.expert))
    if (hooks === undefined) return value
    const places = placesOf(firing)
    let current = value
    const edits = hooks.edits.filter(({ lane }) => places.has(lane))
    if (edits.length > 0) current = this.#edit(firing, places, edits, current)
    for (const { lane, run } of hooks.functions)
      if (places.has(lane)) current = this.#call(firing, places, lane, run, current)
    const captures = hooks.captures.filter(({ lane }) => places.has(lane))
    if (captures.length > 0) {
      const values = this.#backend.view(current)
      for (const { lane, positions } of captures) this.#copy(firing, places, lane, positions, values)
    }
    return current
  }

  #at(point: Point): PointHooks {
    const key = keyOf(point.site, point.layer, point.expert)
    const found = this.#byPoint.get(key) ?? { edits: [], functions: [], captures: [] }
    this.#byPoint.set(key, found)
    return found
  }

  /** Carries out edits; of a tensor on a device, only the rows that they touch come down and go up again. */
  #edit<T extends tf.Tensor>(
    firing: Firing,
    places: ReadonlyMap<Lane, number>,
    edits: readonly { readonly lane: Lane; readonly edit: Edit }[],
    value: T,
  ): T {
    const rowOf = ({ lane, edit }: { lane: Lane; edit: Edit }): number => {
      const query = edit.position - lane.start
      if (query < 0 || query >= lane.length) throw internalError(`an edit at ${edit.position} outside its lane`)
      return (places.get(lane) ?? 0) + (isPairwise(firing.point) ? 0 : query)
    }
    if (this.#backend.onHost)
      return this.#backend.edit(value, values => {
        for (const each of edits) this.#apply(firing, rowOf(each), each.lane, each.edit, values)
      })
    const rowIn = new Map<number, number>()
    for (const each of edits) if (!rowIn.has(rowOf(each))) rowIn.set(rowOf(each), rowIn.size)
    return editRows(this.#backend, value, [...rowIn.keys()], values => {
      for (const each of edits) this.#apply(firing, rowIn.get(rowOf(each)) ?? 0, each.lane, each.edit, values)
    })
  }

  /** @param row where the edited row is in `values`; for scores and patterns, its lane's place */
  #apply(firing: Firing, row: number, lane: Lane, edit: Edit, values: Float32Array): void {
    if (!isPairwise(firing.point)) {
      const width = rowWidth(this.#spec, firing.point)
      const begin = row * width + edit.offset
      applyChange(values.subarray(begin, begin + edit.length), edit.change)
      return
    }
    const query = edit.position - lane.start
    const keys = lane.start + lane.length
    const seen = edit.position + 1
    // Keys behind the window stay unseen: a changed −∞ would be one no longer.
    const window = this.#spec.layers[firing.point.layer]?.window ?? seen
    const first = Math.max(0, seen - window)
    for (let i = 0; i < edit.length; i++) {
      const begin = ((row * this.#spec.heads + edit.offset + i) * lane.length + query) * keys
      const { change } = edit
      const part =
        change.kind === 'set' || change.kind === 'add'
          ? { ...change, values: change.values.subarray(i * seen + first, (i + 1) * seen) }
          : change
      applyChange(values.subarray(begin + first, begin + seen), part)
    }
  }

  /** Hands one lane's slice to a function and puts back what it returns. */
  #call<T extends tf.Tensor>(
    firing: Firing,
    places: ReadonlyMap<Lane, number>,
    lane: Lane,
    run: HookFunction,
    value: T,
  ): T {
    const place = places.get(lane) ?? 0
    const rows = isPairwise(firing.point) ? 1 : lane.length
    const inner = value.shape.slice(1)
    const cut = (x: T, begin: number, count: number): tf.Tensor =>
      tf.slice(x, [begin, ...inner.map(() => 0)], [count, ...inner])
    return tf.tidy(() => {
      const mine = cut(value, place, rows)
      const shown = isPairwise(firing.point) ? tf.reshape(mine, inner) : mine
      const given = run(shown, firing.point, positionsOf(lane))
      if (given === undefined) return tf.clone(value)
      checkGiven(firing.point, given, shown.shape)
      const after = place + rows
      const parts = [
        cut(value, 0, place),
        tf.reshape(given, mine.shape),
        cut(value, after, (value.shape[0] ?? 0) - after),
      ].filter(part => part.size > 0)
      return tf.concat(parts, 0) as T
    })
  }

  #copy(
    firing: Firing,
    places: ReadonlyMap<Lane, number>,
    lane: Lane,
    chosen: readonly number[] | null,
    values: Float32Array,
  ): void {
    const { point } = firing
    const place = places.get(lane) ?? 0
    const positions = chosen ?? positionsOf(lane)
    for (const position of positions)
      if (position < lane.start || position >= lane.start + lane.length)
        throw internalError(`a capture at ${position} outside its lane`)
    const axes: readonly AxisOf[] = SITES[point.site].axes
    const capture = this.captureOf(lane)
    if (!isPairwise(point)) {
      const width = rowWidth(this.#spec, point)
      const data = new Float32Array(positions.length * width)
      for (const [i, position] of positions.entries()) {
        const begin = (place + position - lane.start) * width
        data.set(values.subarray(begin, begin + width), i * width)
      }
      const inner = axes.slice(1).map(axis => axisSize(this.#spec, axis) ?? 1)
      capture.add({ point, axes, shape: [positions.length, ...inner], positions, data })
      return
    }
    const { heads } = this.#spec
    const keys = lane.start + lane.length
    const data = new Float32Array(heads * positions.length * keys)
    for (let head = 0; head < heads; head++)
      for (const [i, position] of positions.entries()) {
        const begin = ((place * heads + head) * lane.length + position - lane.start) * keys
        data.set(values.subarray(begin, begin + keys), (head * positions.length + i) * keys)
      }
    capture.add({ point, axes, shape: [heads, positions.length, keys], positions, data })
  }
}

/** Changes some rows (of the first axis) of a tensor that does not lie in host memory. The caller tidies. */
function editRows<T extends tf.Tensor>(
  backend: Backend,
  x: T,
  rows: readonly number[],
  change: (values: Float32Array) => void,
): T {
  const count = x.shape[0] ?? 0
  return tf.tidy(() => {
    const changed = backend.edit(tf.gather(x, tf.tensor1d(Int32Array.from(rows), 'int32')), change)
    const from = Int32Array.from({ length: count }, (_, row) => row)
    for (const [i, row] of rows.entries()) from[row] = count + i
    return tf.gather<T>(tf.concat<T>([x, changed as T], 0), tf.tensor1d(from, 'int32'))
  })
}

type AxisOf = (typeof SITES)[Site]['axes'][number]

/** Absolute positions of a lane's rows. */
function positionsOf(lane: Lane): number[] {
  return Array.from({ length: lane.length }, (_, i) => lane.start + i)
}

/** What a function gives back is a caller's: it is checked as such. */
function checkGiven(point: Point, given: unknown, shape: readonly number[]): void {
  const wanted = `hook at ${point.name}: expected nothing or a float32 tensor of shape [${shape.join(', ')}]`
  if (given instanceof Promise) throw new ShapeError(`${wanted}, got a promise: hook functions are synchronous`)
  if (!(given instanceof tf.Tensor)) throw new ShapeError(`${wanted}, got ${given === null ? 'null' : typeof given}`)
  if (given.isDisposed) throw new ShapeError(`${wanted}, got a disposed tensor`)
  if (given.dtype !== 'float32' || given.shape.join() !== shape.join())
    throw new ShapeError(`${wanted}, got ${given.dtype} of shape [${given.shape.join(', ')}]`)
}

/** For each lane of a firing, its first row; for scores and patterns, its place in the group. */
function placesOf(firing: Firing): Map<Lane, number> {
  const { batch, group } = firing
  const places = new Map<Lane, number>()
  if (group === null) {
    for (const [index, lane] of batch.lanes.entries()) places.set(lane, rowOf(batch, index))
    return places
  }
  for (let i = 0; i < group.count; i++) {
    const lane = batch.lanes[group.firstLane + i]
    if (lane !== undefined) places.set(lane, i)
  }
  return places
}

function rowOf(batch: Batch, index: number): number {
  const row = batch.rowOf[index]
  if (row === undefined) throw internalError(`no lane ${index}`)
  return row
}
