/** What a cell's interventions touch: points, heads, neurons and positions, read once for the page. */
import { resolvePoint } from '../../../engine/point-names.ts'
import type { ModelSpec } from '../../../engine/spec.ts'
import { resolvePositions } from '../../../hooks/edit.ts'
import type { Intervention } from '../../../hooks/intervention.ts'
import type { TouchedPlace } from './types.ts'

/** One place a point and part of it, in the order of the interventions. */
export function touchedPlaces(spec: ModelSpec, interventions: readonly Intervention[], length: number): TouchedPlace[] {
  const found = new Map<string, TouchedPlace>()
  for (const item of interventions) {
    const address = resolvePoint(spec, item.at)
    const { point } = address
    const head = item.head ?? address.head
    const neuron = item.neuron ?? address.neuron
    const key = `${point.name} ${head} ${neuron}`
    const before = found.get(key)?.positions ?? []
    const positions = resolvePositions(item.position, length, `intervention at ${item.at}`)
    found.set(key, {
      point: point.name,
      layer: point.layer,
      ...(head === undefined ? {} : { head }),
      ...(neuron === undefined ? {} : { neuron }),
      ...(point.expert === undefined ? {} : { expert: point.expert }),
      positions: [...new Set([...before, ...positions])].sort((a, b) => a - b),
    })
  }
  return [...found.values()]
}

/** How many numbers stand in some interventions: a donor counts by its tokens, a direction by its features. */
export function numbersIn(interventions: readonly Intervention[]): number {
  const size = (value: unknown): number => {
    if (typeof value === 'number') return 1
    if (Array.isArray(value)) return value.length
    return typeof value === 'object' && value !== null
      ? Object.values(value).reduce((sum: number, part) => sum + size(part), 0)
      : 0
  }
  return interventions.reduce((sum, { position, set }) => sum + size(position) + size(set), 0)
}
