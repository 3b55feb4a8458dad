/** Figures as SVG: golden files of rounded data, and the promises that hold for any figure. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { FigureSpec } from '../../../studies/figure.ts'
import { cellColour } from '../../../ui/figures/cells.ts'
import { colourRange } from '../../../ui/figures/colours.ts'
import { figureSvg } from '../../../ui/figures/svg.ts'
import { tickLabel } from '../../../ui/figures/text.ts'
import { labelStep, roundTicks, tickNumber } from '../../../ui/figures/ticks.ts'
import { rippleFigure } from '../../support/memory-workbench.ts'

const TOKENS = ['<bos>', ' When', ' it', ' is', ' 9', ':', '00', ' am', ' "a"', '<b>&amp;', '\n', 'नमस्ते']

function timePatching(layers: number): FigureSpec {
  return {
    id: 'resid',
    title: 'Residual stream',
    x: { kind: 'position', label: 'Token', ticks: TOKENS },
    y: { kind: 'layer', label: 'Layer', ticks: Array.from({ length: layers }, (_, i) => String(i)) },
    metric: 'Recovered logit difference',
    unit: 'fraction',
    scale: 'diverging',
    marks: [{ symbol: '×', meaning: 'top token changed' }],
    caption: 'The residual stream before each layer is replaced by that of the clean prompt.',
  }
}

function neurons(columns: number, rows: number): FigureSpec {
  return { ...rippleFigure(rows, columns), id: 'neurons' }
}

/** No pattern that merges well, so that sizes are the worst case. */
const rough = (i: number) => Math.sin(i * 12.9898) * Math.cos(i * 78.233)

describe('golden files', () => {
  it('layer × position in one column, with marks and a cell without a value', async () => {
    const values = Array.from({ length: 6 * 12 }, (_, i) => (i === 5 ? Number.NaN : Math.round(rough(i) * 10) / 10))
    const marks = values.map(value => (value > 0.5 ? 1 : 0))
    const svg = figureSvg(timePatching(6), values, marks, { widthIn: 3.25 })
    await expect(svg).toMatchFileSnapshot('golden/layer-position.svg')
  })

  it('head × layer in two columns, sequential, with title and caption', async () => {
    const spec: FigureSpec = { ...rippleFigure(4, 8), id: 'heads', scale: 'sequential', caption: 'Words '.repeat(40) }
    const values = Array.from({ length: 32 }, (_, i) => (i * 7) % 12)
    const svg = figureSvg(spec, values, new Uint8Array(32), { title: true, caption: true })
    await expect(svg).toMatchFileSnapshot('golden/head-layer.svg')
  })
})

describe('any figure', () => {
  it('of 8,192 cells stays under 200 KB, with every cell marked as well', () => {
    const values = Float32Array.from({ length: 8192 }, (_, i) => rough(i))
    for (const marks of [new Uint8Array(8192), new Uint8Array(8192).fill(1)]) {
      expect(Buffer.byteLength(figureSvg(neurons(128, 64), values, marks))).toBeLessThan(200_000)
    }
  })

  it('has no bitmap, no script and no address', () => {
    const svg = figureSvg(timePatching(2), new Float32Array(24), new Uint8Array(24))
    expect(svg).not.toMatch(/<image|<foreignObject|<script|data:|href|https?:(?!\/\/www\.w3\.org\/2000\/svg")/)
  })

  it.each([3.25, 5.5, 6.75])('is %s in wide exactly', widthIn => {
    const svg = figureSvg(timePatching(2), new Float32Array(24), new Uint8Array(24), { widthIn })
    expect(svg).toContain(`width="${widthIn}in"`)
    expect(svg).toContain(`viewBox="0 0 ${widthIn * 72} `)
  })

  it('paints each cell once, in the colour of its value', () => {
    const [columns, rows] = [7, 5]
    const values = Array.from({ length: columns * rows }, (_, i) => (i % 6 === 0 ? Number.NaN : rough(i)))
    const svg = figureSvg(neurons(columns, rows), values, new Uint8Array(columns * rows))
    const painted = Array<string[]>(columns * rows)
    for (const [, colour = '', d = ''] of svg.matchAll(/<path fill="(#\w+)" stroke="#\w+" d="([^"]+)"/g)) {
      for (const [, x, y, width] of d.matchAll(/M(\d+) (\d+)h(\d+)v1h-\d+z/g)) {
        for (let i = 0; i < Number(width); i++) {
          const cell = Number(y) * columns + Number(x) + i
          painted[cell] = [...(painted[cell] ?? []), colour]
        }
      }
    }
    const range = colourRange('diverging', values)
    expect([...painted]).toEqual(values.map(value => [cellColour(value, 'diverging', range)]))
  })

  it('is well-formed XML whatever the words are, and the same each time', () => {
    const word = fc.string({ unit: 'binary', maxLength: 12 })
    fc.assert(
      fc.property(word, word, word, fc.array(word, { minLength: 1, maxLength: 5 }), (title, metric, symbol, ticks) => {
        const base = rippleFigure(1, ticks.length)
        const marks = [{ symbol, meaning: metric }]
        const spec = {
          ...base,
          title,
          metric,
          unit: title,
          caption: title,
          marks,
          x: { ...base.x, label: metric, ticks },
        }
        const draw = () =>
          figureSvg(
            spec,
            ticks.map((_, i) => i),
            ticks.map(() => 1),
            { title: true, caption: true },
          )
        expect(draw()).toBe(draw())
        expectWellFormed(draw())
      }),
      { numRuns: 40 },
    )
  })

  it('draws a figure without any value, and one of a single cell', () => {
    expectWellFormed(figureSvg(timePatching(2), Array(24).fill(Number.NaN), Array(24).fill(0)))
    expectWellFormed(figureSvg(rippleFigure(1, 1), [0], [0]))
    expect(figureSvg(rippleFigure(1, 1), [Number.POSITIVE_INFINITY], [0])).not.toMatch(/NaN|Infinity/)
  })
})

/** Tags that nest, text without markup, and only the characters that XML allows. */
function expectWellFormed(svg: string): void {
  const open: string[] = []
  const token = /<(\/?)([a-zA-Z]+)(?: [\w:-]+="[^"<]*")*(\/?)>|(?:[^<>&]|&(?:amp|lt|gt|quot);)+/y
  while (token.lastIndex < svg.length) {
    const at = token.lastIndex
    const match = token.exec(svg)
    if (match === null) throw new Error(`not well-formed at: ${svg.slice(at, at + 60)}`)
    const [, closes, name, empty] = match
    if (closes === '/') expect(open.pop()).toBe(name)
    else if (name !== undefined && empty !== '/') open.push(name)
  }
  expect(open).toEqual([])
  const isXml = (code: number) => code >= 0x20 || code === 9 || code === 10 || code === 13
  expect([...svg].every(character => isXml(character.codePointAt(0) ?? 0))).toBe(true)
  expect(svg).not.toMatch(/[\ufffe\uffff]|\p{Surrogate}/u)
}

describe('words and numbers', () => {
  it.each([
    [' am', '·am'],
    ['  x', '··x'],
    ['a b', 'a b'],
    ['\n', '⏎'],
    ['\t\u0000', '⇥␀'],
    ['x'.repeat(40), `${'x'.repeat(14)}…${'x'.repeat(13)}`],
  ])('the tick %j reads %s', (tick, label) => expect(tickLabel(tick)).toBe(label))

  it.each([
    [[-1, 1], [-1, -0.5, 0, 0.5, 1], '−0.5'],
    [[0, 11], [0, 5, 10], '5'],
    [[-0.00042, 0.00042], [-0.0004, -0.0002, 0, 0.0002, 0.0004], '−2e−4'],
    [[0, 130_000], [0, 50_000, 100_000], '5e4'],
  ] as const)('a colour bar of %j has ticks at %j', (range, ticks, second) => {
    expect(roundTicks(range)).toEqual(ticks)
    expect(tickNumber(ticks[1], ticks)).toBe(second)
  })

  it('labels are thinned in round steps', () => {
    expect([labelStep(10, 8), labelStep(5, 8), labelStep(1, 8), labelStep(0.1, 8)]).toEqual([1, 2, 10, 100])
  })
})
