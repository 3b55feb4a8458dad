/** A figure as Plotly is given it. */
import { describe, expect, it } from 'vitest'
import type { FigureSpec } from '../../../studies/figure.ts'
import type { FigureView } from '../../../ui/client/run-view.ts'
import { chooseTicks, escapeMarkup, MAX_DRAWN_MARKS, panelData, panelLayout } from '../../../ui/web/plot/figure.ts'
import { PAPER_INK } from '../../../ui/web/plot/ink.ts'
import { cellName, groupPanels, markedCells, rangeOf } from '../../../ui/web/plot/panels.ts'
import { moveCursor } from '../../../ui/web/views/figure/cursor.ts'

const spec: FigureSpec = {
  id: 'f',
  title: 'F',
  group: 'g',
  x: { kind: 'position', label: 'position', ticks: ['·the', '<b>&', '·the'] },
  y: { kind: 'layer', label: 'layer', ticks: ['0', '1'] },
  metric: 'm',
  unit: 'nats',
  scale: 'diverging',
  marks: [{ symbol: '<x>', meaning: 'another token' }],
  caption: '',
}

function panel(values: readonly number[], over: Partial<FigureSpec> = {}, marked: readonly number[] = []): FigureView {
  const marks = new Uint8Array(values.length)
  for (const index of marked) marks[index] = 1
  return { spec: { ...spec, ...over }, values: Float32Array.from(values), marks, revision: 1 }
}

describe('panels of a group', () => {
  it('share one range, symmetric around 0 where a panel diverges', () => {
    const panels = [panel([1, -2, Number.NaN, 0, 0, 0]), panel([0, 5, 0, 0, 0, 0])]
    expect(rangeOf(panels)).toEqual([-5, 5])
  })

  it('stand together, in the order of their first figures', () => {
    const panels = [panel([], { id: 'a' }), panel([], { id: 'b', group: 'other' }), panel([], { id: 'c' })]
    expect(groupPanels(panels).map(group => group.panels.map(one => one.spec.id))).toEqual([['a', 'c'], ['b']])
  })
})

describe('what is drawn', () => {
  const colouring = { scale: 'diverging', range: [-1, 1] } as const

  it('is rows in new arrays on the given range, with marks as escaped text over their cells', () => {
    const one = panel([0, 0.25, 0.5, 1, -1, Number.NaN], {}, [1, 3])
    const [heatmap, marks] = panelData(one, colouring)
    expect(heatmap).toMatchObject({ zmin: -1, zmax: 1, zauto: false })
    expect(heatmap?.z).toEqual([Float32Array.of(0, 0.25, 0.5), Float32Array.of(1, -1, Number.NaN)])
    expect(marks).toMatchObject({ x: [1, 0], y: [0, 1], text: ['&lt;x&gt;', '&lt;x&gt;'] })
    // Dark ink on the pale cell, light ink on the dark one.
    expect(marks?.textfont).toMatchObject({ color: ['#111', '#fff'] })
    one.values[0] = 9
    expect(heatmap?.z).toEqual([Float32Array.of(0, 0.25, 0.5), Float32Array.of(1, -1, Number.NaN)])
  })

  it('draws crosses as markers, in ink that shows on their cells', () => {
    const crosses = panel([0, 0.25, 0.5, 1, -1, 0], { marks: [{ symbol: '×', meaning: '' }] }, [1, 3])
    const marks = panelData(crosses, colouring)[1]
    expect(marks).toMatchObject({ mode: 'markers', x: [1, 0], y: [0, 1] })
    expect(marks?.marker).toMatchObject({ symbol: 'x-thin', line: { color: ['#111', '#fff'] } })
  })

  it('leaves out marks that are too many to tell apart', () => {
    const cells = MAX_DRAWN_MARKS + 1
    const crowded = panel(Array(cells).fill(0), {}, [...Array(cells).keys()])
    expect(markedCells(crowded, MAX_DRAWN_MARKS)).toBeNull()
    expect(panelData(crowded, colouring)).toHaveLength(1)
  })

  it('has integer axes with escaped tick texts, and row 0 at the top', () => {
    const layout = panelLayout(spec, { width: 600, height: 200 }, PAPER_INK)
    expect(layout.xaxis).toMatchObject({ tickvals: [0, 1, 2], ticktext: ['·the', '&lt;b&gt;&amp;', '·the'] })
    expect(layout.yaxis).toMatchObject({ range: [1.5, -0.5], tickvals: [0, 1] })
  })
})

it.each([
  [10, 10, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]],
  [10, 5, [0, 2, 4, 6, 8]],
  [128, 13, [0, 10, 20, 30, 40, 50, 60, 70, 80, 90, 100, 110, 120]],
  [3, 0.1, [0]],
])('labels of %i ticks where %d fit', (count, most, ticks) => {
  expect(chooseTicks(count, most)).toEqual(ticks)
})

it('escapes what Plotly would read as markup', () => {
  expect(escapeMarkup('<b>&amp;</b>')).toBe('&lt;b&gt;&amp;amp;&lt;/b&gt;')
})

it('names a cell by its labels, and a position by its number too', () => {
  expect(cellName(spec, 4)).toBe('layer 1, position 1 “<b>&”')
})

it.each([
  ['ArrowRight', false, 4, 5],
  ['ArrowRight', false, 5, 5],
  ['ArrowUp', false, 4, 1],
  ['ArrowUp', false, 1, 1],
  ['ArrowDown', false, 1, 4],
  ['Home', false, 5, 3],
  ['End', false, 3, 5],
  ['Home', true, 5, 0],
  ['End', true, 0, 5],
  ['PageDown', false, 0, 3],
  ['x', false, 0, null],
])('key %s (control %s) from cell %i of 2 × 3 to %s', (key, control, from, to) => {
  expect(moveCursor(key, control, from, 3, 2)).toBe(to)
})
