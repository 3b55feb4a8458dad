/**
 * Edits: interventions compiled against one prompt. An edit names a point, an absolute position and
 * a stretch of features, and says how those numbers change, as data, so that a sweep can compute
 * a patch's difference without running the layer that it sits in.
 */
import { internalError, ShapeError } from '../engine/errors.ts'
import { type Address, resolvePoint } from '../engine/point-names.ts'
import { axisSize, type Point, SITES } from '../engine/points.ts'
import type { ModelSpec } from '../engine/spec.ts'
import type { Intervention, Positions, SetTo } from './intervention.ts'

/** How a stretch of numbers changes. */
export type Change =
  | { readonly kind: 'fill'; readonly value: number }
  | { readonly kind: 'set'; readonly values: Float32Array }
  | { readonly kind: 'scale'; readonly factor: number }
  | { readonly kind: 'add'; readonly values: Float32Array; readonly coefficient: number }

export interface Edit {
  readonly point: Point
  /** Absolute position in the prompt; the query's, for scores and patterns. */
  readonly position: number
  /** First feature, counted in the row of the position: [head, d_head] and the like, flattened. For scores and patterns: the first head. */
  readonly offset: number
  /** Number of features; for scores and patterns: of heads. */
  readonly length: number
  readonly change: Change
}

/** Activation of a donor prompt at one point and position. */
export type DonorLookup = (ids: readonly number[], point: Point, position: number) => Float32Array

/** Applies a change to the numbers it names. */
export function applyChange(values: Float32Array, change: Change): void {
  switch (change.kind) {
    case 'fill':
      values.fill(change.value)
      return
    case 'set':
      values.set(change.values)
      return
    case 'scale':
      for (let i = 0; i < values.length; i++) values[i] = (values[i] ?? 0) * change.factor
      return
    case 'add':
      for (let i = 0; i < values.length; i++)
        values[i] = (values[i] ?? 0) + change.coefficient * (change.values[i] ?? 0)
      return
  }
}

/** Whether a point's axes are [head, query, key]. */
export function isPairwise(point: Point): boolean {
  return point.site === 'pattern' || point.site === 'attn_scores'
}

/** Number of features in one position's row; for pairwise points, heads. */
export function rowWidth(spec: ModelSpec, point: Point): number {
  if (isPairwise(point)) return spec.heads
  return SITES[point.site].axes.slice(1).reduce((size, axis) => size * (axisSize(spec, axis) ?? 1), 1)
}

/**
 * Absolute positions in a prompt of `length` tokens; negative ones count from its end.
 * @throws ShapeError for one out of range
 */
export function resolvePositions(positions: Positions | undefined, length: number, where: string): number[] {
  if (positions === undefined || positions === 'all') return Array.from({ length }, (_, i) => i)
  return (Array.isArray(positions) ? positions : [positions]).map(position => {
    const absolute = position < 0 ? position + length : position
    if (!Number.isInteger(position) || absolute < 0 || absolute >= length)
      throw new ShapeError(`${where}: expected a position from ${-length} to ${length - 1}, got ${position}`)
    return absolute
  })
}

/** The features that a name, or an intervention's own head or neuron, names in a point's row. */
export function stretch(
  spec: ModelSpec,
  address: Address,
  where: string,
  item: Pick<Intervention, 'head' | 'neuron'> = {},
): { offset: number; length: number } {
  const { point } = address
  for (const part of ['head', 'neuron'] as const)
    if (item[part] !== undefined && address[part] !== undefined && item[part] !== address[part])
      throw new ShapeError(`${where}: expected the ${part} of the name, ${address[part]}, got ${item[part]}`)
  const head = item.head ?? address.head
  const neuron = item.neuron ?? address.neuron
  const axes: readonly string[] = SITES[point.site].axes
  const width = rowWidth(spec, point)
  if (neuron !== undefined) {
    const neurons = axes.includes('d_mlp') ? spec.dMlp : axes.includes('d_expert') ? (spec.experts?.dExpert ?? 0) : 0
    checkPart(where, point, 'neuron', neuron, neurons)
    if (head !== undefined) checkPart(where, point, 'head', head, 0)
    return { offset: neuron, length: 1 }
  }
  if (head !== undefined) {
    const count = axes.includes('head') ? spec.heads : axes.includes('kv_head') ? spec.kvHeads : 0
    checkPart(where, point, 'head', head, count)
    const size = width / count
    return { offset: head * size, length: size }
  }
  return { offset: 0, length: width }
}

function checkPart(where: string, point: Point, part: 'head' | 'neuron', index: number, count: number): void {
  if (count === 0) throw new ShapeError(`${where}: expected no ${part}, got ${index}: ${point.name} has no ${part}s`)
  if (!Number.isInteger(index) || index < 0 || index >= count)
    throw new ShapeError(`${where}: expected a ${part} from 0 to ${count - 1}, got ${index}`)
}

/** Numbers that each feature has at one position: for scores and patterns, the keys up to it. */
function keysAt(point: Point, position: number): number {
  return isPairwise(point) ? position + 1 : 1
}

function checkCount(where: string, set: SetTo, size: number): void {
  const numbers = 'add' in set ? set.add : 'value' in set ? set.value : 'mean' in set ? set.mean : 0
  if (typeof numbers !== 'number' && numbers.length !== size)
    throw new ShapeError(`${where}: expected ${size} numbers, got ${numbers.length}`)
}

/** Ids of the donor, or null where the change needs none. */
export function donorOf(set: SetTo, encode: (text: string) => readonly number[]): readonly number[] | null {
  if (!('from' in set)) return null
  return typeof set.from === 'string' ? encode(set.from) : set.from
}

/** One thing that a donor's run must give. */
export interface DonorNeed {
  readonly ids: readonly number[]
  readonly point: Point
  readonly position: number
}

/** An intervention's point, positions and features in one prompt; pure, for planning. */
export interface Placed {
  readonly point: Point
  readonly positions: readonly number[]
  readonly donorPositions: readonly number[]
  readonly donor: readonly number[] | null
  readonly offset: number
  readonly length: number
}

export function place(
  spec: ModelSpec,
  item: Intervention,
  promptLength: number,
  encode: (text: string) => readonly number[],
): Placed {
  const where = `intervention at ${item.at}`
  const address = resolvePoint(spec, item.at)
  const { offset, length } = stretch(spec, address, where, item)
  const { point } = address
  const positions = resolvePositions(item.position, promptLength, where)
  if (positions.length === 0) throw new ShapeError(`${where}: expected at least one position, got none`)
  const twice = positions.find((position, i) => positions.indexOf(position) !== i)
  if (twice !== undefined) throw new ShapeError(`${where}: expected each position once, got ${twice} twice`)
  for (const position of isPairwise(point) ? positions : positions.slice(0, 1))
    checkCount(where, item.set, length * keysAt(point, position))
  const donor = donorOf(item.set, encode)
  if (donor === null) return { point, positions, donorPositions: [], donor, offset, length }
  if (donor.length === 0) throw new ShapeError(`${where}, donor: expected at least one token, got none`)
  const given = 'from' in item.set ? item.set.position : undefined
  const donorPositions = resolvePositions(given ?? item.position, donor.length, `${where}, donor`)
  if (donorPositions.length !== positions.length)
    throw new ShapeError(
      `${where}: expected as many donor positions as patched ones (${positions.length}), got ${donorPositions.length}`,
    )
  // A query sees the keys up to its own position: a row from elsewhere has other keys.
  const moved = isPairwise(point) ? positions.findIndex((position, i) => donorPositions[i] !== position) : -1
  if (moved >= 0)
    throw new ShapeError(
      `${where}: expected the donor's position to be the patched one, ${positions[moved]}, since ${point.name} has one number a key; got ${donorPositions[moved]}`,
    )
  return { point, positions, donorPositions, donor, offset, length }
}

/** What the donors of some interventions must be asked for. */
export function donorNeeds(
  spec: ModelSpec,
  items: readonly Intervention[],
  promptLength: number,
  encode: (text: string) => readonly number[],
): DonorNeed[] {
  return items.flatMap(item => {
    const { point, donor, donorPositions } = place(spec, item, promptLength, encode)
    return donor === null ? [] : donorPositions.map(position => ({ ids: donor, point, position }))
  })
}

/**
 * Compiles interventions for a prompt of `promptLength` tokens.
 * @throws HookPointError, ShapeError on what the model or the prompt does not have
 */
export function compileEdits(
  spec: ModelSpec,
  items: readonly Intervention[],
  promptLength: number,
  encode: (text: string) => readonly number[],
  lookup: DonorLookup,
): Edit[] {
  return items.flatMap(item => {
    const placed = place(spec, item, promptLength, encode)
    const { point, positions, offset, length } = placed
    return positions.map((position, i) => {
      const keys = keysAt(point, position)
      const donorPosition = placed.donorPositions[i]
      const donor =
        placed.donor === null || donorPosition === undefined
          ? null
          : lookup(placed.donor, point, donorPosition).subarray(offset * keys, (offset + length) * keys)
      return { point, position, offset, length, change: changeOf(item, donor) }
    })
  })
}

function changeOf({ at, set }: Intervention, donor: Float32Array | null): Change {
  const fillOrSet = (value: number | readonly number[]): Change =>
    typeof value === 'number' ? { kind: 'fill', value } : { kind: 'set', values: Float32Array.from(value) }
  if (donor !== null) return { kind: 'set', values: donor }
  if ('zero' in set) return { kind: 'fill', value: 0 }
  if ('mean' in set) return fillOrSet(set.mean)
  if ('value' in set) return fillOrSet(set.value)
  if ('scale' in set) return { kind: 'scale', factor: set.scale }
  if ('add' in set) return { kind: 'add', values: Float32Array.from(set.add), coefficient: set.coefficient ?? 1 }
  throw internalError(`intervention at ${at}: a donor without activations`)
}
