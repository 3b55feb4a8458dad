/** Which ticks of an axis are labelled, and which values of a colour bar. */

/** Steps at which numbered axes are labelled. */
const STEPS = [1, 2, 5, 10, 20, 25, 50, 100, 200, 250, 500, 1000, 2000, 2500, 5000, 10_000] as const

/** Every how many ticks a label stands, so that labels are at least `spacing` apart where ticks are `size` apart. */
export function labelStep(size: number, spacing: number): number {
  const least = spacing / size
  return STEPS.find(step => step >= least) ?? Math.ceil(least)
}

/** About `wanted` round numbers from `low` to `high`, both inclusive where they are round. */
export function roundTicks([low, high]: readonly [number, number], wanted = 5): readonly number[] {
  const rough = (high - low) / Math.max(1, wanted - 1)
  const power = 10 ** Math.floor(Math.log10(rough))
  const step = ([1, 2, 5, 10].find(factor => factor * power >= rough * 0.85) ?? 10) * power
  const first = Math.ceil(low / step - 1e-9)
  const last = Math.floor(high / step + 1e-9)
  // Where doubles are too coarse for steps, the ends alone: among the smallest of all, and far from 0 but close together.
  if (!Number.isSafeInteger(first) || !Number.isSafeInteger(last)) return [low, high]
  const ticks = Array.from({ length: last - first + 1 }, (_, i) => Number(((first + i) * step).toPrecision(12)))
  return new Set(ticks).size === ticks.length ? ticks : [low, high]
}

/** A number as figures show it: a true minus sign, and no more digits than its neighbours need. */
export function tickNumber(value: number, ticks: readonly number[]): string {
  const largest = Math.max(...ticks.map(Math.abs))
  if (value === 0) return '0'
  if (largest >= 1e5 || largest < 1e-3) return value.toExponential().replace('e+', 'e').replaceAll('-', '−')
  const digits = Math.max(...ticks.map(tick => String(tick).split('.')[1]?.length ?? 0))
  return value.toFixed(digits).replace('-', '−')
}
