import { describe, expect, it } from 'vitest'
import { cellColour, LEVELS, levelColours } from '../../../ui/figures/cells.ts'
import { colourAt, colourRange, NO_VALUE, SCALES, takesDarkInk } from '../../../ui/figures/colours.ts'

/** Lightness by luminance, good enough to order colours. */
function lightness(colour: string): number {
  const [r = 0, g = 0, b = 0] = [1, 3, 5].map(at => (Number.parseInt(colour.slice(at, at + 2), 16) / 255) ** 2.2)
  return 0.2126 * r + 0.7152 * g + 0.0722 * b
}

describe('scales', () => {
  it('have stops at equal steps from 0 to 1, which colourAt gives back', () => {
    for (const scale of ['diverging', 'sequential'] as const) {
      SCALES[scale].forEach(([at, colour], i, all) => {
        expect(at).toBeCloseTo(i / (all.length - 1), 12)
        expect(colourAt(scale, at)).toBe(colour)
      })
    }
  })

  it('diverge evenly: as dark at both ends, lightest in the middle', () => {
    const light = levelColours('diverging').map(lightness)
    for (let i = 1; i < light.length; i++) {
      const rises = (light[i] ?? 0) >= (light[i - 1] ?? 0)
      expect(rises).toBe(i <= (LEVELS - 1) / 2)
    }
    expect(Math.abs((light[0] ?? 0) - (light[LEVELS - 1] ?? 1))).toBeLessThan(0.05)
  })

  it('rise evenly where they are sequential', () => {
    const light = levelColours('sequential').map(lightness)
    expect(light).toEqual(light.toSorted((a, b) => a - b))
  })

  it('have a colour of its own for "no value"', () => {
    expect([...levelColours('diverging'), ...levelColours('sequential')]).not.toContain(NO_VALUE)
    expect(cellColour(Number.NaN, 'diverging', [-1, 1])).toBe(NO_VALUE)
  })

  it('take infinities to their ends', () => {
    expect(cellColour(Number.POSITIVE_INFINITY, 'diverging', [-1, 1])).toBe(colourAt('diverging', 1))
    expect(cellColour(Number.NEGATIVE_INFINITY, 'sequential', [0, 1])).toBe(colourAt('sequential', 0))
  })
})

describe('colourRange', () => {
  it.each([
    ['diverging', [[1, -3, Number.NaN]], [-3, 3]],
    ['diverging', [[1], [4], []], [-4, 4]],
    ['diverging', [[0, 0]], [-1, 1]],
    ['diverging', [[]], [-1, 1]],
    ['diverging', [[2, Number.POSITIVE_INFINITY]], [-2, 2]],
    ['sequential', [[2, 5], [3]], [2, 5]],
    ['sequential', [[4, 4]], [4, 8]],
    ['sequential', [[Number.NaN]], [0, 1]],
  ] as const)('%s %j is %j', (scale, values, range) => {
    expect(colourRange(scale, ...values)).toEqual(range)
  })
})

it('ink is dark on light colours and white on dark ones', () => {
  expect(['#ffffff', '#f7f7f7', '#fde725', '#f4a582'].map(takesDarkInk)).toEqual([true, true, true, true])
  expect(['#000000', '#053061', '#67001f', '#440154'].map(takesDarkInk)).toEqual([false, false, false, false])
})
