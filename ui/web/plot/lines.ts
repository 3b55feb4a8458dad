/**
 * A figure as a line: its effect along one axis, the mean over the other. Where the other axis holds
 * prompts, each is a draw from the prompts that could have been asked, and the mean has an interval;
 * layers, heads and positions are no sample of anything, so theirs has none.
 */
import type { FigureSpec } from '../../../studies/figure.ts'
import type { FigureView } from '../../client/run-view.ts'
import { type AxisName, shownCells } from '../../figures/shown.ts'
import type { FigureLook } from '../services/look.ts'
import { tQuantile975 } from './student-t.ts'

export interface LinePoint {
  readonly tick: number
  /** NaN where no cell has a value. */
  readonly mean: number
  /** Ends of the 95% confidence interval of the mean; null where the values are no sample, or fewer than two. */
  readonly interval: readonly [low: number, high: number] | null
  /** Cells that the mean is over. */
  readonly count: number
}

export interface Line {
  readonly along: AxisName
  readonly points: readonly LinePoint[]
  /** Whether what the mean is over are prompts. */
  readonly sampled: boolean
}

/** The axis that a line runs along: layers where there are any, and never prompts unless asked to. */
export function lineAxis(spec: FigureSpec, transpose: boolean): AxisName {
  const usual = (['y', 'x'] as const).find(name => spec[name].kind === 'layer')
  const axis = usual ?? (spec.x.kind === 'prompt' ? 'y' : 'x')
  return transpose ? other(axis) : axis
}

export function lineOf({ spec, values }: Pick<FigureView, 'spec' | 'values'>, look: FigureLook): Line {
  const along = lineAxis(spec, look.transpose)
  const { columns: xs, rows: ys } = shownCells(spec, { ...look, transpose: false })
  const width = spec.x.ticks.length
  const sampled = spec[other(along)].kind === 'prompt'
  const points = (along === 'x' ? xs : ys).map(tick => {
    const over = along === 'x' ? ys.map(y => y * width + tick) : xs.map(x => tick * width + x)
    return { tick, ...meanOf(over.map(cell => values[cell] ?? Number.NaN).filter(Number.isFinite), sampled) }
  })
  return { along, points, sampled }
}

/** The mean of some values and, where they are a sample, Student's interval of it. */
export function meanOf(values: readonly number[], sampled: boolean): Omit<LinePoint, 'tick'> {
  const count = values.length
  if (count === 0) return { mean: Number.NaN, interval: null, count }
  const mean = values.reduce((sum, value) => sum + value, 0) / count
  if (!sampled || count < 2) return { mean, interval: null, count }
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (count - 1)
  const reach = tQuantile975(count - 1) * Math.sqrt(variance / count)
  return { mean, interval: [mean - reach, mean + reach], count }
}

export function other(axis: AxisName): AxisName {
  return axis === 'x' ? 'y' : 'x'
}
