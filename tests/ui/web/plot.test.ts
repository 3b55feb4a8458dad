/** A figure's cells as the page shows them: which, where, in what colour, under what name. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { FigureSpec } from '../../../studies/figure.ts'
import type { FigureView } from '../../../ui/client/run-view.ts'
import { colourAt, colourRange, takesDarkInk } from '../../../ui/figures/colours.ts'
import { cellAt, placeOf, type Selection, shownCells } from '../../../ui/figures/shown.ts'
import { colouringsOf } from '../../../ui/web/plot/colouring.ts'
import { chooseTicks, geometryOf, nearestPlace } from '../../../ui/web/plot/geometry.ts'
import { drawnMarks, MAX_DRAWN_MARKS } from '../../../ui/web/plot/marks.ts'
import { cellSeenAt, paintCells } from '../../../ui/web/plot/paint.ts'
import { cellName, groupPanels, keepGroups, sameAxes } from '../../../ui/web/plot/panels.ts'
import { rangeOf, statisticsOf } from '../../../ui/web/plot/statistics.ts'
import { panBy, zoomBy, zoomTo } from '../../../ui/web/plot/zoom.ts'
import { PLAIN_FIGURE } from '../../../ui/web/services/look.ts'
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

function sized(columns: number, rows: number): FigureSpec {
  const ticks = (count: number) => Array.from({ length: count }, (_, tick) => `t${tick}`)
  return { ...spec, x: { ...spec.x, ticks: ticks(columns) }, y: { ...spec.y, ticks: ticks(rows) } }
}

const whole: Selection = PLAIN_FIGURE

describe('panels of a group', () => {
  const panels = [panel([1, -2, Number.NaN, 0, 0, 0]), panel([0, 5, 0, 0, 0, Number.POSITIVE_INFINITY])]

  it('share one range, symmetric around 0 where a panel diverges', () => {
    expect(colouringsOf(panels, { scale: 'auto', colours: null })).toEqual(
      panels.map(() => ({ scale: 'diverging', range: [-5, 5] })),
    )
  })

  it('have ranges of their own when asked to', () => {
    const ranges = colouringsOf(panels, { scale: 'own', colours: null }).map(one => one.range)
    expect(ranges).toEqual([
      [-2, 2],
      [-5, 5],
    ])
  })

  it('take a typed range as it is, unless they diverge: 0 stays in the middle', () => {
    const scale = { min: -1, max: 4 }
    expect(colouringsOf(panels, { scale, colours: 'sequential' })[0]).toEqual({ scale: 'sequential', range: [-1, 4] })
    expect(colouringsOf(panels, { scale, colours: 'diverging' })[1]).toEqual({ scale: 'diverging', range: [-4, 4] })
  })

  it('stand together, in the order of their first figures', () => {
    const three = [panel([], { id: 'a' }), panel([], { id: 'b', group: 'other' }), panel([], { id: 'c' })]
    expect(groupPanels(three).map(group => [group.id, group.panels.map(one => one.spec.id)])).toEqual([
      ['a', ['a', 'c']],
      ['b', ['b']],
    ])
  })

  it('are the same objects until one of them changes', () => {
    const [a, b, c] = [panel([], { id: 'a' }), panel([], { id: 'b', group: 'other' }), panel([], { id: 'c' })]
    const before = groupPanels([a, b, c])
    const after = keepGroups(before, groupPanels([a, { ...b, revision: 2 }, c]))
    expect([after[0] === before[0], after[1] === before[1]]).toEqual([true, false])
  })

  it('are linked where their ticks are the same', () => {
    expect(sameAxes(spec, { ...spec, id: 'g', x: { ...spec.x, ticks: [...spec.x.ticks] } })).toBe(true)
    expect(sameAxes(spec, { ...spec, x: { ...spec.x, ticks: ['·the', '<b>&', '·a'] } })).toBe(false)
  })
})

it('statistics are those of a direct count', () => {
  const values = fc.array(fc.oneof(fc.float(), fc.constant(Number.NaN)))
  fc.assert(
    fc.property(values, fc.constantFrom('diverging' as const, 'sequential' as const), (list, scale) => {
      const one = panel(list, {}, list.length > 2 ? [0, 2] : [])
      expect(rangeOf([one], scale)).toEqual(colourRange(scale, one.values))
      expect(statisticsOf(one).filled).toBe(list.filter(value => !Number.isNaN(value)).length)
      expect(statisticsOf(one).marked).toBe(list.length > 2 ? 2 : 0)
    }),
  )
})

describe('which cells are shown', () => {
  it('all, as they lie in the figure', () => {
    const shown = shownCells(spec, whole)
    expect([shown.across, shown.columns, shown.rows]).toEqual(['x', [0, 1, 2], [0, 1]])
    expect(cellAt(shown, 2, 1)).toBe(5)
  })

  it('rows for columns when transposed; a cell keeps its index', () => {
    const shown = shownCells(spec, { ...whole, transpose: true })
    expect([shown.across, shown.columns, shown.rows]).toEqual(['y', [0, 1], [0, 1, 2]])
    expect(cellAt(shown, 1, 2)).toBe(5)
    expect(cellName(spec, cellAt(shown, 1, 0))).toBe('layer 1, position 0 “·the”')
  })

  it('layers in a range, tokens whose label holds a text, letters’ case and the sign for a space aside', () => {
    const look = { ...whole, layers: { first: 1, last: 9 }, tokens: ' THE' }
    expect(shownCells(spec, look)).toMatchObject({ columns: [0, 2], rows: [1] })
    expect(shownCells(spec, { ...whole, tokens: 'cat' }).columns).toEqual([])
  })

  it('a range beyond the figure was meant for another', () => {
    expect(shownCells(spec, { ...whole, layers: { first: 7, last: 9 } }).rows).toEqual([0, 1])
    const zoom = { x: { first: 1, last: 99 }, y: { first: 5, last: 6 } }
    expect(shownCells(spec, { ...whole, zoom })).toMatchObject({ columns: [1, 2], rows: [0, 1] })
  })

  const range = fc.tuple(fc.nat(30), fc.nat(30)).map(([a, b]) => ({ first: Math.min(a, b), last: Math.max(a, b) }))
  const anyLook: fc.Arbitrary<Selection> = fc.record({
    transpose: fc.boolean(),
    layers: fc.option(range),
    tokens: fc.constantFrom('', '1', 't2'),
    zoom: fc.record({ x: fc.option(range), y: fc.option(range) }),
  })

  it('every shown cell has one place, and every place its cell; the others have none', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 25 }), fc.integer({ min: 1, max: 25 }), anyLook, (columns, rows, look) => {
        const of = sized(columns, rows)
        const shown = shownCells(of, look)
        const seen = new Set<number>()
        for (let row = 0; row < shown.rows.length; row++) {
          for (let column = 0; column < shown.columns.length; column++) {
            const index = cellAt(shown, column, row)
            expect(placeOf(shown, index)).toEqual({ column, row })
            seen.add(index)
          }
        }
        expect(seen.size).toBe(shown.rows.length * shown.columns.length)
        for (let index = 0; index < columns * rows; index++) {
          if (!seen.has(index)) expect(placeOf(shown, index)).toBeNull()
        }
      }),
    )
  })

  it('a dragged rectangle becomes just its cells, whichever way it was dragged', () => {
    fc.assert(
      fc.property(anyLook, fc.nat(24), fc.nat(24), fc.nat(24), fc.nat(24), (look, a, b, c, d) => {
        const of = sized(25, 25)
        const shown = shownCells(of, look)
        fc.pre(Math.max(a, c) < shown.columns.length && Math.max(b, d) < shown.rows.length)
        const zoom = zoomTo(shown, { column: a, row: b }, { column: c, row: d })
        const near = shownCells(of, { ...look, zoom })
        expect(near.columns).toEqual(shown.columns.slice(Math.min(a, c), Math.max(a, c) + 1))
        expect(near.rows).toEqual(shown.rows.slice(Math.min(b, d), Math.max(b, d) + 1))
      }),
    )
  })

  it('nearer and nearer keeps the cell that is aimed at, down to that one; farther leads back to all', () => {
    fc.assert(
      fc.property(fc.boolean(), fc.nat(24), fc.nat(9), (transpose, x, y) => {
        const of = sized(25, 10)
        const all = shownCells(of, { ...whole, transpose })
        const target = y * 25 + x
        let shown = all
        for (let step = 0; step < 12; step++) {
          const at = placeOf(shown, target)
          if (at === null) throw new Error('the cell is lost')
          shown = shownCells(of, { ...whole, transpose, zoom: zoomBy(shown, all, at, 2) })
        }
        expect([shown.columns.length, shown.rows.length, cellAt(shown, 0, 0)]).toEqual([1, 1, target])
        for (let step = 0; step < 12; step++) {
          shown = shownCells(of, { ...whole, transpose, zoom: zoomBy(shown, all, { column: 0, row: 0 }, 0.5) })
        }
        expect(shown).toEqual(all)
      }),
    )
  })

  it('moves aside by cells, and not beyond the last', () => {
    const of = sized(10, 4)
    const all = shownCells(of, whole)
    const zoom = { x: { first: 3, last: 5 }, y: null }
    const shown = shownCells(of, { ...whole, zoom })
    expect(panBy(shown, all, 1, 1)).toEqual({ x: { first: 4, last: 6 }, y: null })
    expect(panBy(shown, all, 99, 0).x).toEqual({ first: 7, last: 9 })
  })
})

describe('what is painted', () => {
  const colouring = { scale: 'diverging', range: [-1, 1] } as const
  const hex = (rgba: Uint8ClampedArray, pixel: number) =>
    `#${[...rgba.slice(4 * pixel, 4 * pixel + 3)].map(part => part.toString(16).padStart(2, '0')).join('')}`

  it('is a pixel a cell in the colour of its value; what has none stays clear', () => {
    const one = panel([0, -1, 1, 7, Number.NaN, -7])
    const { width, height, rgba, pooled } = paintCells(shownCells(spec, whole), one, colouring, {
      width: 300,
      height: 200,
    })
    expect([width, height, pooled]).toEqual([3, 2, false])
    const [zero, low, high] = [0.5, 0, 1].map(at => colourAt('diverging', at))
    expect([0, 1, 2, 3, 5].map(pixel => hex(rgba, pixel))).toEqual([zero, low, high, high, low])
    expect(rgba[4 * 4 + 3]).toBe(0)
  })

  it('is transposed with its cells', () => {
    const one = panel([0, -1, 0, 1, 0, 0])
    const { width, rgba } = paintCells(shownCells(spec, { ...whole, transpose: true }), one, colouring, {
      width: 9,
      height: 9,
    })
    expect(width).toBe(2)
    expect([1, 2].map(pixel => hex(rgba, pixel))).toEqual([colourAt('diverging', 1), colourAt('diverging', 0)])
  })

  it('loses no strong cell where there are more cells than pixels, and the pointer finds that cell', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 400 }),
        fc.integer({ min: 1, max: 40 }),
        fc.nat(),
        (columns, rows, seed) => {
          const of = sized(columns, rows)
          const strong = seed % (columns * rows)
          const values = Array.from({ length: columns * rows }, (_, i) => (i === strong ? -1 : 0.1))
          const one = panel(values, of)
          const shown = shownCells(of, whole)
          const { width, height, rgba } = paintCells(shown, one, colouring, { width: 30, height: 20 })
          const found: number[] = []
          for (let pixel = 0; pixel < width * height; pixel++) {
            if (hex(rgba, pixel) === colourAt('diverging', 0)) found.push(pixel)
          }
          expect(found).toHaveLength(1)
          const [pixel = 0] = found
          const x = (((pixel % width) + 0.5) * 30) / width
          const y = ((Math.floor(pixel / width) + 0.5) * 20) / height
          expect(cellSeenAt(shown, one, 'diverging', { innerWidth: 30, innerHeight: 20 }, { x, y })).toBe(strong)
        },
      ),
    )
  })

  it('has marks in ink that shows on their cells', () => {
    const one = panel([0, 0.25, 0.5, 1, -1, Number.NaN], {}, [1, 3])
    const marks = drawnMarks(shownCells(spec, whole), one, colouring, { innerWidth: 90, innerHeight: 60 })
    expect(marks).toEqual([
      { column: 1, row: 0, symbol: '<x>', dark: true },
      { column: 0, row: 1, symbol: '<x>', dark: takesDarkInk(colourAt('diverging', 1)) },
    ])
    expect(marks?.[1]?.dark).toBe(false)
  })

  it('leaves out marks that are too many or too small to tell apart, and has them once they are zoomed to', () => {
    const of = sized(MAX_DRAWN_MARKS + 1, 1)
    const cells = MAX_DRAWN_MARKS + 1
    const crowded = panel(Array(cells).fill(0), of, [...Array(cells).keys()])
    const size = { innerWidth: 1e6, innerHeight: 100 }
    expect(drawnMarks(shownCells(of, whole), crowded, colouring, size)).toBeNull()
    const zoom = { x: { first: 0, last: 9 }, y: null }
    expect(drawnMarks(shownCells(of, { ...whole, zoom }), crowded, colouring, size)).toHaveLength(10)
    expect(
      drawnMarks(shownCells(of, { ...whole, zoom }), crowded, colouring, { innerWidth: 30, innerHeight: 9 }),
    ).toBeNull()
  })
})

describe('where it stands', () => {
  it('has the ticks of what is shown, by the text that they hold', () => {
    const geometry = geometryOf(shownCells(spec, { ...whole, zoom: { x: { first: 1, last: 2 }, y: null } }), 600)
    expect(geometry.xTicks.map(({ text, tick }) => [text, tick])).toEqual([
      ['<b>&', 1],
      ['·the', 2],
    ])
    expect(geometry.yTicks.map(({ text }) => text)).toEqual(['0', '1'])
    expect(geometry.left + geometry.innerWidth).toBeLessThanOrEqual(600)
  })

  it('shows a token of no text by a sign', () => {
    const empty = { ...spec, x: { ...spec.x, ticks: ['', ...spec.x.ticks.slice(1)] } }
    expect(geometryOf(shownCells(empty, whole), 600).xTicks[0]?.text).toBe('<empty>')
    expect(cellName(empty, 0)).toBe('layer 0, position 0 “<empty>”')
  })

  it('turns labels of tokens that have no room side by side, and thins out numbers', () => {
    const many = sized(60, 4)
    expect(geometryOf(shownCells(many, whole), 600).tilted).toBe(true)
    const neurons = { ...many, x: { ...many.x, kind: 'neuron' as const } }
    const geometry = geometryOf(shownCells(neurons, whole), 600)
    expect(geometry.tilted).toBe(false)
    expect(geometry.xTicks.length).toBeLessThan(30)
  })

  it('knows the nearest cell of any point', () => {
    const shown = shownCells(spec, whole)
    const size = { innerWidth: 90, innerHeight: 60 }
    expect(nearestPlace(shown, size, 89.9, 31)).toEqual({ column: 2, row: 1 })
    expect(nearestPlace(shown, size, -5, 999)).toEqual({ column: 0, row: 1 })
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
