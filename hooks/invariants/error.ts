/** How far numbers are apart. */

/**
 * Largest |a − b| divided by the largest |b|: 0 is equal. Infinite if lengths differ or a number is
 * none; equal infinities are equal.
 */
export function relativeError(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) return Number.POSITIVE_INFINITY
  let difference = 0
  let size = 0
  for (let i = 0; i < a.length; i++) {
    const x = a[i] ?? Number.NaN
    const y = b[i] ?? Number.NaN
    if (x === y && !Number.isFinite(x)) continue
    const apart = Math.abs(x - y)
    if (!Number.isFinite(apart)) return Number.POSITIVE_INFINITY
    if (apart > difference) difference = apart
    if (Math.abs(y) > size) size = Math.abs(y)
  }
  return difference === 0 ? 0 : difference / Math.max(size, Number.MIN_VALUE)
}

/** Sums of several vectors, in float64. */
export function sumOf(...parts: readonly ArrayLike<number>[]): Float64Array {
  const sum = new Float64Array(parts[0]?.length ?? 0)
  for (const part of parts) for (let i = 0; i < sum.length; i++) sum[i] = (sum[i] ?? 0) + (part[i] ?? Number.NaN)
  return sum
}
