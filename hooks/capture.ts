/**
 * A capture: activations copied out of the tensor library, named and shaped. A name that was not
 * captured is an error, never `undefined`.
 */
import { HookPointError } from '../engine/errors.ts'
import { nearest } from '../engine/nearest.ts'
import { matchPoints, resolvePoint } from '../engine/point-names.ts'
import { type AxisName, type Point, pointsOf } from '../engine/points.ts'
import type { ModelSpec } from '../engine/spec.ts'

export interface Activation {
  readonly point: Point
  /** Names of the axes: `pos` first, except [head, query, key]. */
  readonly axes: readonly AxisName[]
  readonly shape: readonly number[]
  /** Absolute positions of the `pos` (or `query`) axis. */
  readonly positions: readonly number[]
  readonly data: Float32Array
}

/** Names, patterns with `*`, or a predicate. */
export type PointSelector = string | readonly string[] | ((point: Point) => boolean)

/**
 * The points that a selector names.
 * @throws HookPointError if a name or pattern matches nothing, or the predicate accepts nothing
 */
export function selectPoints(spec: ModelSpec, selector: PointSelector): Point[] {
  if (typeof selector === 'function') {
    const chosen = pointsOf(spec).filter(selector)
    if (chosen.length === 0) throw new HookPointError('capture: the predicate accepts none of this model’s hook points')
    return chosen
  }
  const patterns = typeof selector === 'string' ? [selector] : selector
  const byName = new Map<string, Point>()
  for (const pattern of patterns) for (const point of matchPoints(spec, pattern)) byName.set(point.name, point)
  return [...byName.values()]
}

/** The activations of one run, by point. */
export class Capture {
  readonly #spec: ModelSpec
  readonly #activations = new Map<string, Activation>()

  constructor(spec: ModelSpec) {
    this.#spec = spec
  }

  /** Takes over the activation; one of the same point is replaced. */
  add(activation: Activation): void {
    this.#activations.set(activation.point.name, activation)
  }

  /** Full names, in the order in which the points fired. */
  names(): string[] {
    return [...this.#activations.keys()]
  }

  /** Names and activations, in the order in which the points fired. */
  entries(): IterableIterator<[string, Activation]> {
    return this.#activations.entries()
  }

  /**
   * @param name the point's full name or a short form
   * @throws HookPointError if it was not captured, naming what was, or for the name of one head or neuron of a point
   */
  get(name: string): Activation {
    const known = this.#activations.get(name)
    if (known !== undefined) return known
    const { point, head, neuron } = resolvePoint(this.#spec, name)
    if (head !== undefined || neuron !== undefined)
      throw new HookPointError(`capture: expected a whole point, ${point.name}, got ${name}, a part of it`)
    const found = this.#activations.get(point.name)
    if (found !== undefined) return found
    const near = nearest(point.name, this.names(), 3)
    throw new HookPointError(`capture: ${name} was not captured. Nearest of what was: ${near.join(', ') || 'nothing'}.`)
  }
}
