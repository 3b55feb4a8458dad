/** Figures of several runs side by side: values where they belong, differences, scales, refusals. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isRefused } from '../../../ui/compare/align.ts'
import { alignFigures, comparePanels, figuresOf, panelColours } from '../../../ui/compare/figures.ts'
import type { SideFigure } from '../../../ui/compare/side.ts'
import { figure, numbers, side, tokens } from './support.ts'

function compared(...figures: SideFigure[]) {
  const alignment = alignFigures(figures.map(({ spec }) => spec))
  if (isRefused(alignment)) throw new Error(alignment.refused)
  return { alignment, panels: comparePanels(alignment, figures) }
}

describe('compared figures', () => {
  it('are A, B and A − B, cell by cell, with the runs’ own marks', () => {
    const { panels } = compared(
      figure(),
      figure({ x: tokens('the time is 9 pm') }, cell => 10 * cell),
    )
    expect(panels.map(({ spec }) => spec.title)).toEqual(['A', 'B', 'A − B'])
    expect([...(panels[2]?.values ?? [])]).toEqual([0, -9, -18, -27, -36, -45, -54, -63, -72, -81])
    expect(panels[2]?.spec.x.ticks.at(-1)).toBe('am | pm')
    expect([...(panels[0]?.marks ?? [])]).toEqual([0, 1, 0, 1, 0, 1, 0, 1, 0, 1])
    expect([...(panels[2]?.marks ?? [])]).toEqual(new Array(10).fill(0))
    expect(panels[2]?.spec).toMatchObject({ scale: 'diverging', metric: 'recovered', unit: 'fraction' })
  })

  it('of three runs take each of the others from the first', () => {
    const { panels } = compared(
      figure(),
      figure({}, () => 1),
      figure({}, () => 2),
    )
    expect(panels.map(({ spec }) => spec.title)).toEqual(['A', 'B', 'C', 'A − B', 'A − C'])
    expect(panels[4]?.values[7]).toBe(5)
  })

  it('have no value where one of them has none', () => {
    const { panels } = compared(
      figure(),
      figure({}, cell => (cell === 3 ? Number.NaN : cell)),
    )
    expect(panels[2]?.values[3]).toBeNaN()
    expect(panels[2]?.values[4]).toBe(0)
  })

  it('take every value from the cell of the same layer and token', () => {
    const vocabulary = fc.constantFrom('a', 'b', 'c', 'd')
    const prompt = fc.array(vocabulary, { minLength: 2, maxLength: 8 })
    fc.assert(
      fc.property(prompt, prompt, fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 5 }), (a, b, m, n) => {
        const one = figure({ x: tokens(a.join(' ')), y: numbers('layer', m) })
        const two = figure({ x: tokens(b.join(' ')), y: numbers('layer', n) }, cell => 1000 + cell)
        const alignment = alignFigures([one.spec, two.spec])
        if (isRefused(alignment)) return
        const [left, right, difference] = comparePanels(alignment, [one, two])
        const { x, y } = alignment
        y.axis.ticks.forEach((layer, row) => {
          x.axis.ticks.forEach((label, column) => {
            const cell = row * x.axis.ticks.length + column
            const at = [left?.values[cell] ?? -1, (right?.values[cell] ?? -1) - 1000] as const
            expect(String(Math.floor(at[0] / a.length))).toBe(layer)
            expect(String(Math.floor(at[1] / b.length))).toBe(layer)
            const words = [a[at[0] % a.length], b[at[1] % b.length]]
            expect(label).toBe(words[0] === words[1] ? words[0] : words.join(' | '))
            expect(difference?.values[cell]).toBe((left?.values[cell] ?? 0) - (right?.values[cell] ?? 0))
          })
        })
      }),
    )
  })

  it('are refused in other units, and where a run lacks the figure', () => {
    const other = figure({ unit: 'logits' })
    expect(alignFigures([figure().spec, other.spec])).toEqual({
      refused: 'A is in fraction, B in logits: there is no difference of the two.',
    })
    const sides = [side('one', { figures: [figure(), figure({ id: 'mlp' })] }), side('two')]
    expect(figuresOf(sides, 'mlp')).toEqual({ refused: 'B has no figure mlp. All of them have resid.' })
  })

  it('of other metrics say so, in words and in the panel', () => {
    const { alignment, panels } = compared(figure(), figure({ metric: 'probability' }))
    expect(alignment.notes.join()).toContain('measure different things: A recovered, B probability')
    expect(panels[2]?.spec.metric).toBe('recovered − probability')
  })
})

describe('scales', () => {
  const { panels } = compared(
    figure({ scale: 'sequential' }),
    figure({ scale: 'sequential' }, cell => 2 * cell),
  )

  it('one: the same for all, symmetric around 0, and wide enough for the differences', () => {
    expect(panelColours(panels, 'one')).toEqual(new Array(3).fill({ scale: 'diverging', range: [-18, 18] }))
  })

  it('own: A and B share theirs, A − B has a symmetric one', () => {
    const shared = { scale: 'sequential', range: [0, 18] }
    expect(panelColours(panels, 'own')).toEqual([shared, shared, { scale: 'diverging', range: [-9, 9] }])
  })
})
