/** Lines of effects: their means and intervals against a direct computation, and where they are drawn. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Axis, FigureSpec } from '../../../studies/figure.ts'
import { type LineInk, lineFrame, lineTraces, valueRange } from '../../../ui/web/plot/line-traces.ts'
import { lineAxis, lineOf, meanOf } from '../../../ui/web/plot/lines.ts'
import { tQuantile975 } from '../../../ui/web/plot/student-t.ts'
import { PLAIN_FIGURE } from '../../../ui/web/services/look.ts'

const axis = (kind: Axis['kind'], count: number): Axis => ({
  kind,
  label: kind,
  ticks: Array.from({ length: count }, (_, tick) => `${kind} ${tick}`),
})

function figure(x: Axis, y: Axis): FigureSpec {
  return { id: 'f', title: 'F', x, y, metric: 'm', unit: 'nats', scale: 'diverging', marks: [], caption: '' }
}

describe('what a line runs along', () => {
  it('layers where there are any, the other axis when transposed', () => {
    const spec = figure(axis('position', 3), axis('layer', 2))
    expect([lineAxis(spec, false), lineAxis(spec, true)]).toEqual(['y', 'x'])
    expect(lineAxis(figure(axis('layer', 3), axis('head', 2)), false)).toBe('x')
  })

  it('never prompts unless asked to', () => {
    expect(lineAxis(figure(axis('neuron', 3), axis('prompt', 2)), false)).toBe('x')
    expect(lineAxis(figure(axis('prompt', 3), axis('neuron', 2)), false)).toBe('y')
    expect(lineAxis(figure(axis('prompt', 3), axis('neuron', 2)), true)).toBe('x')
  })
})

it('is the mean of what is shown and has a value, computed directly', () => {
  const value = fc.oneof(fc.double({ min: -5, max: 5, noNaN: true }), fc.constant(Number.NaN))
  const size = fc.integer({ min: 1, max: 7 })
  fc.assert(
    fc.property(
      size,
      size,
      fc.array(value, { minLength: 49, maxLength: 49 }),
      fc.boolean(),
      (width, height, all, turn) => {
        const spec = figure(axis('prompt', width), axis('layer', height))
        const values = Float32Array.from(all.slice(0, width * height))
        const layers = { first: 1, last: 4 }
        const { along, points, sampled } = lineOf({ spec, values }, { ...PLAIN_FIGURE, transpose: turn, layers })
        expect([along, sampled]).toEqual(turn ? ['x', false] : ['y', true])
        const rows = Array.from({ length: height }, (_, y) => y).filter(y => height === 1 || (y >= 1 && y <= 4))
        const columns = Array.from({ length: width }, (_, x) => x)
        expect(points.map(point => point.tick)).toEqual(turn ? columns : rows)
        for (const { tick, mean, interval, count } of points) {
          const cells = (turn ? rows.map(y => [tick, y]) : columns.map(x => [x, tick])) as [number, number][]
          const known = cells.map(([x, y]) => values[y * width + x] ?? Number.NaN).filter(one => !Number.isNaN(one))
          expect(count).toBe(known.length)
          if (count === 0) expect(mean).toBeNaN()
          else expect(mean).toBeCloseTo(known.reduce((a, b) => a + b, 0) / count, 10)
          expect(interval !== null).toBe(sampled && count >= 2)
        }
      },
    ),
  )
})

it('has the interval that a textbook has', () => {
  // Student's sleep data (extra hours, first drug): R gives 0.75, from −0.5297804 to 2.0297804.
  const sleep = [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0, 2]
  const { mean, interval } = meanOf(sleep, true)
  expect(mean).toBeCloseTo(0.75, 10)
  expect(interval?.[0]).toBeCloseTo(-0.52978, 3)
  expect(interval?.[1]).toBeCloseTo(2.02978, 3)
  expect(meanOf(sleep, false).interval).toBeNull()
})

it.each([
  [1, 12.7062],
  [4, 2.7764],
  [20, 2.086],
  [21, 2.0796],
  [30, 2.0423],
  [120, 1.9799],
  [1e6, 1.96],
])('t for %i degrees of freedom is %d', (df, t) => {
  expect(tQuantile975(df)).toBeCloseTo(t, 3)
})

describe('where it is drawn', () => {
  const point = (tick: number, mean: number, interval: readonly [number, number] | null = null) => ({
    tick,
    mean,
    interval,
    count: 2,
  })
  const points = [point(0, 1, [0.5, 1.5]), point(1, Number.NaN), point(2, 2, [1, 3]), point(3, 4, [2, 6])]
  const line = { along: 'x', points, sampled: true } as const

  const ink: LineInk = { text: '#111', rule: '#222', zero: '#333', font: 'x', series: ['#444', '#555'] }

  it('has all of line and band in sight, and 0', () => {
    const [low, high] = valueRange([line])
    expect(low).toBe(0)
    expect(high).toBeGreaterThan(6)
    expect(high).toBeLessThan(6.5)
    expect(valueRange([{ ...line, points: [] }])).toEqual([-1, 1])
  })

  it('spans what was typed, over all places, with labels that are no markup', () => {
    const marked = { ...axis('layer', 4), ticks: ['<b>', 'a & b', 'c', 'd'] }
    const { layout } = lineFrame([line], marked, 'm < n', { min: -10, max: 10 }, 600, ink)
    expect(layout).toMatchObject({
      xaxis: { range: [-0.5, 3.5], tickvals: [0, 1, 2, 3], ticktext: ['&lt;b&gt;', 'a &amp; b', 'c', 'd'] },
      yaxis: { range: [-10, 10], title: { text: 'm &lt; n' } },
    })
  })

  it('breaks where there is no value, and puts bands around the rest', () => {
    const [first, second, means] = lineTraces([line], 600, ink)
    expect(first).toMatchObject({ x: [0, 0], y: [1.5, 0.5], fillcolor: '#444' })
    expect(second).toMatchObject({ x: [2, 3, 3, 2], y: [3, 6, 2, 1], fill: 'toself' })
    expect(means).toMatchObject({ x: [0, 1, 2, 3], y: [1, null, 2, 4], connectgaps: false })
  })
})
