/**
 * The one way that tests compare numbers. tfjs's own matcher lets NaN pass for infinity; this one
 * takes NaN for NaN and an infinity for the same infinity only.
 */
import { expect } from 'vitest'

export interface Tolerance {
  /** Relative to the expected value's size. @default 0 */
  readonly rtol?: number
  /** Absolute. @default 0 */
  readonly atol?: number
}

/** Expects `|actual − expected| ≤ atol + rtol · |expected|` of every element; reports the worst one. */
export function expectClose(actual: ArrayLike<number>, expected: ArrayLike<number>, tolerance: Tolerance): void {
  const { rtol = 0, atol = 0 } = tolerance
  expect(actual.length, 'number of values').toBe(expected.length)
  let worst = -1
  let worstExcess = 0
  let failures = 0
  for (let i = 0; i < expected.length; i++) {
    const excess = excessOf(actual[i] ?? Number.NaN, expected[i] ?? Number.NaN, rtol, atol)
    if (excess <= 0) continue
    failures++
    if (excess > worstExcess) {
      worst = i
      worstExcess = excess
    }
  }
  if (failures > 0) {
    const difference = Math.abs((actual[worst] ?? Number.NaN) - (expected[worst] ?? Number.NaN))
    expect.fail(
      `${failures} of ${expected.length} values differ; worst at ${worst}: expected ${expected[worst]}, ` +
        `got ${actual[worst]} (difference ${difference}, allowed ${atol} + ${rtol}·|expected|)`,
    )
  }
}

/** Expects the same numbers bit for bit (NaN is NaN, −0 is not 0). Vitest's own matcher takes milliseconds for that. */
export function expectSame(actual: ArrayLike<number>, expected: ArrayLike<number>, what: string): void {
  if (actual.length !== expected.length)
    expect.fail(`${what}: expected ${expected.length} values, got ${actual.length}`)
  for (let i = 0; i < expected.length; i++)
    if (!Object.is(actual[i], expected[i])) expect.fail(`${what}: expected ${expected[i]} at ${i}, got ${actual[i]}`)
}

/** How far a value is outside its tolerance; 0 or less is inside. */
function excessOf(actual: number, expected: number, rtol: number, atol: number): number {
  if (Object.is(actual, expected) || actual === expected) return 0
  if (!Number.isFinite(actual) || !Number.isFinite(expected)) {
    return Number.isNaN(actual) && Number.isNaN(expected) ? 0 : Number.POSITIVE_INFINITY
  }
  return Math.abs(actual - expected) - (atol + rtol * Math.abs(expected))
}
