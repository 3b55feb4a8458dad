/** Pictures of the three studies' shapes: scenes as golden data, and the promises that hold for any. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { RunSnapshot } from '../../../studies/runs/events.ts'
import { cellColour } from '../../../ui/figures/cells.ts'
import { colourRange } from '../../../ui/figures/colours.ts'
import { exportPicture, type PictureOptions, parseAnnotation, parseScale } from '../../../ui/figures/export-picture.ts'
import { loadFonts } from '../../../ui/figures/fonts/font-set.ts'
import { shape } from '../../../ui/figures/fonts/shape.ts'
import type { Scene } from '../../../ui/figures/scene.ts'
import { type AskedView, type PictureView, parseView, WHOLE } from '../../../ui/figures/view.ts'
import { temporaryFolder } from '../../studies/runs/support.ts'
import { figure, has, neuronAblation, poppler, rough, snapshot, steering, TOKENS, timePatching } from './support.ts'

const STUDIES: readonly (readonly [name: string, run: () => RunSnapshot, figure: string])[] = [
  ['time-patching', timePatching, 'resid'],
  ['neuron-ablation', neuronAblation, 'layer-5'],
  ['yes-no-steering', steering, 'parts-0'],
]

/** A scene without what is too fine to matter, cells as counts of each colour. */
function rounded(scene: Scene): unknown {
  const shapes = scene.shapes.map(shape => {
    if (shape.kind !== 'cells') return shape
    const colours = shape.colours.map(({ colour, runs }) => `${colour} ${runs.length / 3}`)
    return { ...shape, colours }
  })
  const round = (_key: string, value: unknown) => (typeof value === 'number' ? Math.round(value * 10) / 10 : value)
  return JSON.parse(JSON.stringify({ ...scene, shapes }, round))
}

async function pdf(run: RunSnapshot, id: string, options = {}): Promise<string> {
  const path = join(temporaryFolder(), 'figure.pdf')
  writeFileSync(path, (await exportPicture(run, id, 'pdf', options)).content)
  return path
}

describe.each(STUDIES)('%s', (name, run, id) => {
  it.each([3.25, 6.75])('at %s in is the golden scene', async widthIn => {
    const { scene } = await exportPicture(run(), id, 'tex', { widthIn, panels: true })
    await expect(`${JSON.stringify(rounded(scene), null, 1)}\n`).toMatchFileSnapshot(`golden/${name}-${widthIn}.txt`)
  })

  it('as SVG has its exact size, text as text, its fonts, and no bitmap', async () => {
    const { content, scene } = await exportPicture(run(), id, 'svg', { widthIn: 5.5, panels: true })
    const svg = content.toString()
    expect(svg).toMatch(/^<svg [^>]*width="5\.5in"/)
    expect(svg).toContain(`viewBox="0 0 396 ${Number(scene.height.toFixed(2))}"`)
    expect(svg).toMatch(/@font-face\{font-family:'Arimo'.*data:font\/woff2/)
    expect(svg).not.toMatch(/<image|<foreignObject|<script|data:image|href|https?:(?!\/\/www\.w3\.org\/2000\/svg")/)
    expect(svg).toContain('>layer</text>'.replace('layer', run().figures[0]?.spec.y.label ?? ''))
  })

  it('as PDF has its exact size, embedded fonts and no bitmap', async () => {
    const { content, scene } = await exportPicture(run(), id, 'pdf', { widthIn: 5.5, panels: true })
    const text = content.toString('latin1')
    const [, width, height] = /MediaBox \[0 0 ([\d.]+) ([\d.]+)\]/.exec(text) ?? []
    expect(Math.abs(Number(width) / 72 - 5.5)).toBeLessThan(0.01)
    expect(Math.abs(Number(height) / 72 - scene.height / 72)).toBeLessThan(0.01)
    expect(text).not.toMatch(/\/Subtype \/Image/)
    const fonts = text.match(/\/Type \/Font\n/g)?.length ?? 0
    expect(fonts).toBeGreaterThan(0)
    expect(text.match(/\/FontFile2 /g)?.length).toBeGreaterThanOrEqual(1)
    expect(text).not.toMatch(/\/Subtype \/Type1/)
  })

  it('is the same each time', async () => {
    const twice = await Promise.all([0, 1].map(() => exportPicture(run(), id, 'pdf', { panels: true })))
    expect(twice[0]?.content.equals(twice[1]?.content ?? Buffer.alloc(0))).toBe(true)
  })
})

describe.skipIf(!has('pdffonts'))('PDF, by poppler’s tools', () => {
  it.each(STUDIES)('%s: every font is embedded, and there is no image', async (_name, run, id) => {
    const path = await pdf(run(), id, { panels: true })
    const fonts = poppler('pdffonts', [path]).trim().split('\n').slice(2)
    expect(fonts.length).toBeGreaterThan(0)
    for (const line of fonts) expect(line).toMatch(/ yes +yes +yes /)
    expect(poppler('pdfimages', ['-list', path]).trim().split('\n')).toHaveLength(2)
    const info = poppler('pdfinfo', [path])
    const [, width] = /Page size: +([\d.]+) x/.exec(info) ?? []
    expect(Math.abs(Number(width) / 72 - 6.75)).toBeLessThan(0.01)
  })

  it('text of any script reads as it was written', async () => {
    const ticks = [
      '<b>&amp;',
      'नमस्ते',
      'हिन्दी',
      'क्षत्रिय',
      '日本語',
      '中文',
      '한국어',
      'مرحبا',
      'السلام',
      'שלום',
      '😀',
      'Việt',
      '\\n{}$%',
    ]
    const run = snapshot([figure({ id: 'words', y: { kind: 'layer', label: 'layer', ticks } })])
    const path = await pdf(run, 'words')
    const text = poppler('pdftotext', [path, '-'])
    for (const tick of ticks) expect(text).toContain(tick)
  })
})

describe('PNG', () => {
  it.each([150, 300])('at %s dpi has the pixels and says its resolution', async dpi => {
    const { content } = await exportPicture(neuronAblation(8, 4), 'layer-5', 'png', { widthIn: 2, dpi })
    expect(content.subarray(1, 4).toString()).toBe('PNG')
    expect(content.readUInt32BE(16)).toBe(2 * dpi)
    const at = content.indexOf('pHYs')
    expect(content.readUInt32BE(at + 4)).toBe(Math.round(dpi / 0.0254))
  })

  it('that would not fit in memory is refused in a sentence', async () => {
    const asked = exportPicture(neuronAblation(8, 4), 'layer-5', 'png', { widthIn: 40, dpi: 1200 })
    await expect(asked).rejects.toThrow(/^png: expected at most 100 million pixels/)
  })
})

describe('any picture', () => {
  it('of 8,192 cells stays under 200 KB, fonts and all, with every cell marked as well', async () => {
    const grid = neuronAblation(128, 64)
    const [one] = grid.figures
    if (one === undefined) throw new Error('no figure')
    for (const marks of [new Uint8Array(8192), new Uint8Array(8192).fill(1)]) {
      const run = snapshot([{ ...one, values: Float64Array.from({ length: 8192 }, (_, i) => rough(i)), marks }])
      for (const format of ['svg', 'pdf'] as const) {
        const { content } = await exportPicture(run, 'layer-5', format)
        expect(content.length, format).toBeLessThan(200_000)
      }
    }
  })

  it('paints each cell once, in the colour of its value', async () => {
    const run = timePatching()
    const { scene } = await exportPicture(run, 'resid', 'svg')
    const values = run.figures[0]?.values ?? new Float64Array()
    const range = colourRange('diverging', ...run.figures.map(each => each.values))
    const grid = scene.shapes.find(shape => shape.kind === 'cells')
    if (grid?.kind !== 'cells') throw new Error('no cells')
    const painted = new Array<string[]>(values.length)
    for (const { colour, runs } of grid.colours) {
      for (let i = 0; i < runs.length; i += 3) {
        const [x = 0, y = 0, length = 0] = [runs[i], runs[i + 1], runs[i + 2]]
        for (let j = 0; j < length; j++) {
          const cell = y * TOKENS.length + x + j
          painted[cell] = [...(painted[cell] ?? []), colour]
        }
      }
    }
    expect([...painted]).toEqual([...values].map(value => [cellColour(value, 'diverging', range)]))
  })

  it('stands within its edges, and its colour bar is of its panels', async () => {
    for (const [, run, id] of STUDIES) {
      for (const widthIn of [2.5, 3.25, 6.75]) {
        const { scene } = await exportPicture(run(), id, 'tex', { widthIn, panels: true })
        for (const shape of scene.shapes) {
          if (shape.kind !== 'cells' && shape.kind !== 'rect') continue
          expect(shape.left).toBeGreaterThanOrEqual(0)
          expect(shape.top).toBeGreaterThanOrEqual(0)
          expect(shape.left + shape.width).toBeLessThanOrEqual(scene.width)
          expect(shape.top + shape.height).toBeLessThanOrEqual(scene.height)
        }
        expect(scene.height).toBeLessThanOrEqual(9 * 72)
      }
    }
  })

  it('stands within its edges whatever its words and its values are', async () => {
    const ticks = ['<|begin_of_text|>', ' internationalisation', 'x'.repeat(60), '日本語の長いトークンです', '']
    const axes = {
      x: { kind: 'position', label: 'position', ticks },
      y: { kind: 'position', label: 'key position', ticks },
    } as const
    const metric = 'difference of the log-probabilities of the answer and of the next best answer over all prompts'
    const wordy = figure({ id: 'wordy', ...axes, metric })
    for (const widthIn of [2.5, 3.25, 6.75]) {
      for (const size of [1, 1e-7, 3e12, 5e-324, Number.MAX_VALUE]) {
        const run = snapshot([{ ...wordy, values: wordy.values.map(value => value * size) }])
        const { content, scene } = await exportPicture(run, 'wordy', 'svg', { widthIn })
        expect(content.toString()).not.toMatch(/NaN|Infinity/)
        const fonts = await loadFonts({
          regular: scene.shapes.flatMap(each => (each.kind === 'text' ? [each.text] : [])),
        })
        const grid = scene.shapes.find(({ kind }) => kind === 'cells')
        expect(grid?.kind === 'cells' && grid.width).toBeGreaterThan(0.4 * scene.width)
        for (const each of scene.shapes) {
          if (each.kind !== 'text' || each.turned) continue
          const width = shape(fonts, each.text, each.weight).widthEm * each.size
          const left = each.x - (each.anchor === 'end' ? width : each.anchor === 'middle' ? width / 2 : 0)
          expect(left, each.text).toBeGreaterThanOrEqual(0)
          expect(left + width, each.text).toBeLessThanOrEqual(scene.width)
        }
      }
    }
  })

  it.each([
    [3, 3],
    [4, 4],
    [5, 3],
    [6, 3],
    [7, 4],
    [8, 4],
  ])('of %s panels in a wide picture stands in rows of %s at the most', async (count, columns) => {
    const square = { ...figure({ id: 'x' }).spec, x: { kind: 'head', label: 'head', ticks: ['0', '1'] } } as const
    const many = Array.from({ length: count }, (_, i) => figure({ ...square, id: `p${i}`, title: 'p', group: 'all' }))
    const { scene } = await exportPicture(snapshot(many), 'p0', 'tex', { widthIn: 6.75, panels: true })
    const tops = scene.shapes.flatMap(each => (each.kind === 'cells' ? [each.top] : []))
    expect(tops.filter(top => top === tops[0])).toHaveLength(columns)
  })

  it('leaves room for its caption on a page', async () => {
    const group = 'layers'
    const many = Array.from({ length: 8 }, (_, i) => figure({ id: `layer-${i}`, title: `layer ${i}`, group }))
    for (const widthIn of [3.25, 6.75]) {
      const { scene } = await exportPicture(snapshot(many), 'layer-0', 'tex', { widthIn, panels: true })
      expect(scene.height).toBeLessThanOrEqual(7.5 * 72)
    }
  })

  it('is well-formed XML whatever the words are', async () => {
    const word = fc.string({ unit: 'binary', maxLength: 12 })
    await fc.assert(
      fc.asyncProperty(word, word, fc.array(word, { minLength: 1, maxLength: 5 }), async (title, symbol, ticks) => {
        const x = { kind: 'position', label: title, ticks } as const
        const marks = [{ symbol, meaning: title }]
        const run = snapshot([figure({ id: 'any', title, metric: symbol, unit: title, caption: title, marks, x })])
        const { content } = await exportPicture(run, 'any', 'svg', { title: true, caption: true })
        expectWellFormed(content.toString())
      }),
      { numRuns: 12 },
    )
  })

  it('draws what has no value, a single cell, and an infinite one', async () => {
    for (const value of [Number.NaN, 0, Number.POSITIVE_INFINITY]) {
      const one = figure({
        id: 'one',
        x: { kind: 'head', label: 'head', ticks: ['0'] },
        y: { kind: 'layer', label: 'layer', ticks: ['0'] },
      })
      const run = snapshot([{ ...one, values: Float64Array.of(value), marks: Uint8Array.of(0) }])
      const svg = (await exportPicture(run, 'one', 'svg')).content.toString()
      expectWellFormed(svg)
      expect(svg).not.toMatch(/NaN|Infinity/)
      expect(svg.includes('beyond the scale')).toBe(value === Number.POSITIVE_INFINITY)
    }
  })

  it('takes the ends of its colour scale, and says what lies beyond', async () => {
    const drawn = async (scale?: readonly [number, number]) =>
      (await exportPicture(timePatching(), 'resid', 'svg', scale === undefined ? {} : { scale })).content.toString()
    expect(await drawn()).not.toContain('beyond the scale')
    // Symmetric, since it diverges.
    const wide = await drawn([0, 4])
    for (const tick of ['−4', '0', '4']) expect(wide).toContain(`>${tick}</text>`)
    expect(wide).not.toContain('beyond the scale')
    expect(await drawn([-0.5, 0.5])).toContain('>Values beyond the scale have the colours of its ends.</text>')
    expect(parseScale('-0.5:2e3')).toEqual([-0.5, 2000])
    for (const wrong of ['1', '1:', ':1', '1:-1', '1:1', 'a:b', '0:1:2', '0:Infinity']) {
      expect(() => parseScale(wrong), wrong).toThrow(/^scale: expected the values at its ends/)
    }
  })

  it('shows what a view shows, in its order and on the scale of all cells, and says what is left out', async () => {
    const drawn = async (view: PictureView, more: PictureOptions = {}) =>
      (await exportPicture(timePatching(), 'resid', 'svg', { caption: true, view, ...more })).scene
    const textsOf = (scene: Scene) => scene.shapes.flatMap(each => (each.kind === 'text' ? [each.text] : []))
    const gridOf = (scene: Scene) => scene.shapes.find(each => each.kind === 'cells')
    const whole = await drawn(WHOLE)
    expect(textsOf(whole).join(' ')).not.toContain('left out')

    const asked = parseView({ layers: '2-4', tokens: 'न' }, true)
    const part = await drawn(asked)
    const [run] = timePatching().figures
    if (run === undefined) throw new Error('no figure')
    const columns = [2, 3]
    const range = colourRange('diverging', ...timePatching().figures.map(({ values }) => values))
    const colours = columns.flatMap(x =>
      [2, 3, 4].map(y => cellColour(run.values[y * TOKENS.length + x] ?? Number.NaN, 'diverging', range)),
    )
    const grid = gridOf(part)
    if (grid?.kind !== 'cells') throw new Error('no cells')
    expect([grid.columns, grid.rows]).toEqual([3, 2])
    const painted: string[] = []
    for (const { colour, runs } of grid.colours) {
      for (let i = 0; i < runs.length; i += 3) {
        for (let j = 0; j < (runs[i + 2] ?? 0); j++) painted[(runs[i + 1] ?? 0) * 3 + (runs[i] ?? 0) + j] = colour
      }
    }
    expect(painted).toEqual(colours)
    expect(textsOf(part)).toEqual(expect.arrayContaining(['2', '3', '4', '·नमस्ते', 'हिन्दी']))
    expect(textsOf(part).join(' ')).toContain(
      'Shown: layer 2–4 (3 of 6), position with “न” (2 of 15); the rest is left out.',
    )
    // Panels that show other parts say so each.
    const panels = textsOf(await drawn(asked, { panels: true })).join(' ')
    expect(panels).toContain('(d) heads')
    expect(panels).toContain('Shown: layer 2–4 (3 of 6); the rest')

    const zoomed = await drawn(parseView({ zoom: 'x3-5,y1-1', colours: 'sequential' }, false))
    expect(textsOf(zoomed).join(' ')).toContain('Shown: layer 1 (1 of 6), position 3–5 (3 of 15); the rest')
    const painting = gridOf(zoomed)
    expect(painting?.kind === 'cells' && painting.colours.map(({ colour }) => colour)).not.toContain('#f7f7f7')
  })

  it('puts annotations where their cells stand in a view, and refuses those of cells that are left out', async () => {
    const view = parseView({ layers: '2-4' }, true)
    const drawn = (note: string) =>
      exportPicture(timePatching(), 'resid', 'tex', { view, annotations: [parseAnnotation(note, 'resid')] })
    const { shapes } = (await drawn('3,14')).scene
    const grid = shapes.find(each => each.kind === 'cells')
    const frame = shapes.find(each => each.kind === 'rect' && each.strokeWidth === 1)
    if (grid?.kind !== 'cells' || frame?.kind !== 'rect') throw new Error('nothing drawn')
    expect(frame.left).toBeCloseTo(grid.left + grid.width / 3)
    expect(frame.top).toBeCloseTo(grid.top + (14 * grid.height) / 15)
    await expect(drawn('1,0')).rejects.toThrow('annotate resid: expected a cell that is shown, got 1,0')
  })

  it('refuses a view that shows nothing, and one that says nothing', async () => {
    const drawn = (asked: AskedView) => exportPicture(timePatching(), 'resid', 'tex', { view: parseView(asked, false) })
    await expect(drawn({ layers: '6-9' })).rejects.toThrow('layers: figure resid has 6, counted from 0; got 6-9')
    await expect(drawn({ tokens: 'cat' })).rejects.toThrow('figure resid: no label of its position holds “cat”')
    await expect(drawn({ layers: '0-1', zoom: 'y3-4' })).rejects.toThrow('no cell is both chosen and zoomed to')
    for (const [name, text] of [
      ['layers', '4-2'],
      ['layers', '2'],
      ['zoom', 'z1-2'],
      ['colours', 'red'],
    ] as const) {
      expect(() => parseView({ [name]: text }, false)).toThrow(new RegExp(`^${name}: expected .*, got ${text}$`))
    }
  })

  it('says which characters no font has, and draws in a font of the reader’s', async () => {
    const x = { kind: 'position', label: 'position', ticks: ['ไทย', 'a'] } as const
    const { notes } = await exportPicture(snapshot([figure({ id: 'thai', x })]), 'thai', 'pdf')
    expect(notes.join()).toMatch(/^No font at hand has U\+0E44, U\+0E17, U\+0E22/)
    const wrong = exportPicture(snapshot([figure({ id: 'thai', x })]), 'thai', 'pdf', { font: import.meta.filename })
    await expect(wrong).rejects.toThrow(/^font .*: expected a TrueType, OpenType or WOFF font/)
  })

  it('takes annotations, and refuses those that are nowhere', async () => {
    const note = parseAnnotation('2,3=the am token', 'resid')
    const svg = (await exportPicture(timePatching(), 'resid', 'svg', { annotations: [note] })).content.toString()
    expect(svg).toContain('>the am token</text>')
    const outside = exportPicture(timePatching(), 'resid', 'svg', { annotations: [parseAnnotation('6,0', 'resid')] })
    await expect(outside).rejects.toThrow(/expected a row under 6 and a column under 15, got 6,0/)
    expect(() => parseAnnotation('two,3', 'resid')).toThrow(/expected ROW,COLUMN=TEXT/)
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
}
