/** The few largest of many values, in one walk: sorting a vocabulary for each of a thousand rows would take a minute. */

/**
 * Indices of the `count` largest values, largest first; the lower index first on a tie. NaN is never among them.
 */
export function largest(values: Float32Array, count: number): number[] {
  const kept: number[] = []
  let least = Number.NEGATIVE_INFINITY
  for (let index = 0; index < values.length; index++) {
    const value = values[index] ?? Number.NaN
    // A value equal to the least comes later in order, so it has no place in a full list.
    if (Number.isNaN(value) || (kept.length === count && value <= least)) continue
    let place = kept.length
    while (place > 0 && value > (values[kept[place - 1] ?? 0] ?? 0)) place--
    kept.splice(place, 0, index)
    if (kept.length > count) kept.pop()
    least = values[kept.at(-1) ?? 0] ?? Number.NEGATIVE_INFINITY
  }
  return kept
}
