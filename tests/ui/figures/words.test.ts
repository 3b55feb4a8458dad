/** What is said about pictures: widths of venues, drafted captions, LaTeX, labels. */
import { describe, expect, it } from 'vitest'
import type { RunRecord } from '../../../studies/runs/events.ts'
import { draftCaption, runFacts } from '../../../ui/figures/caption.ts'
import { exportPicture } from '../../../ui/figures/export-picture.ts'
import { escapeTex, figureTex } from '../../../ui/figures/latex.ts'
import { fittingLabel, tickLabel } from '../../../ui/figures/text.ts'
import { labelStep, roundTicks, tickNumber } from '../../../ui/figures/ticks.ts'
import { parseWidth, VENUES, WIDTHS } from '../../../ui/figures/venues.ts'
import { RECORD } from '../../studies/runs/support.ts'
import { timePatching } from './support.ts'

describe('widths', () => {
  it.each([
    ['3.25in', 3.25],
    ['3.25', 3.25],
    ['89mm', 89 / 25.4],
    ['8.9 cm', 89 / 25.4],
    ['252pt', 3.5],
    ['icml-column', 3.25],
    ['icml', 3.25],
    ['ICML-text', 6.75],
    ['neurips', 5.5],
    ['aaai-column', 3.3125],
    ['acl-column', 7.7 / 2.54],
    ['acm-column', 241.1475 / 72.27],
  ])('%s', (text, inches) => {
    expect(parseWidth(text)).toBeCloseTo(inches, 10)
  })

  it.each([
    ['wide', /width: expected a length such as 3\.25in or 89mm, or a venue/],
    ['0.5in', /expected 1 to 40 inches, got 0\.5in/],
    ['50in', /expected 1 to 40 inches/],
    ['-3in', /width: expected a length/],
    ['', /width: expected a length/],
  ])('refuses %s', (text, sentence) => {
    expect(() => parseWidth(text)).toThrow(sentence)
  })

  it('every venue has a text width, and a column fits in it twice', () => {
    for (const { textIn, columnIn } of VENUES) if (columnIn !== undefined) expect(2 * columnIn).toBeLessThan(textIn)
    expect(WIDTHS.size).toBeGreaterThan(VENUES.length)
  })
})

describe('captions', () => {
  it('of panels say once what all of them end with, and quote a prompt once', () => {
    const quote = '“it is 9:00 a.m. Really, nine”'
    const caption = draftCaption([
      { title: 'residual', caption: `The stream is taken from ${quote}. Colour: recovered fraction.` },
      { title: 'MLP', caption: `The MLP output is taken from ${quote}. Colour: recovered fraction.` },
    ])
    expect(caption).toBe(
      `(a) residual: The stream is taken from ${quote}. (b) MLP: The MLP output is taken from “…”. Colour: recovered fraction.`,
    )
  })

  it('that differ in their panels’ names alone are said once', () => {
    const specs = ['layer 0', 'layer 1', 'layer 2'].map(title => ({
      title,
      caption: `Each neuron of ${title} is set to zero; ×: another token.`,
    }))
    expect(draftCaption(specs)).toBe(
      '(a) layer 0: Each neuron of layer 0 is set to zero; ×: another token. (b) layer 1; (c) layer 2: likewise.',
    )
  })

  it('say how prompts were encoded where it is not as the checkpoint says', () => {
    const said = (params: RunRecord['params']) => runFacts({ ...RECORD, params }, [], '')
    expect(said({ bos: 'config', chat: false, system: '' })).not.toContain('encoded')
    expect(said({ bos: 'without' })).toContain('Prompts are encoded without the BOS token.')
    expect(said({ bos: 'with', chat: true, system: 'Be brief.' })).toContain(
      'Prompts are encoded with the BOS token, through the chat template, after the system prompt “Be brief.”.',
    )
    // The template is not used: neither is its system prompt.
    expect(said({ chat: false, system: 'Be brief.' })).not.toContain('brief')
  })

  it('name model, prompts that the study did not quote, and how many cells', () => {
    const record = {
      ...RECORD,
      params: { prompt: 'a b', pairs: ['x', 'y'], rows: 4 },
      tokens: { prompt: [[1]], pairs: [] },
    }
    const specs = timePatching().figures.map(({ spec }) => spec)
    expect(runFacts(record, specs, '')).toBe(
      'Model: demo (2 layers, 2 heads, d = 8). Prompt “a b”; pairs: n = 2. n = 306 cells in 4 panels.',
    )
    // Which of the run's prompts a figure is of, its own caption knows.
    expect(runFacts(record, specs, 'on “a b c”.')).not.toMatch(/“|pairs/)
    expect(runFacts({ ...record, dtype: 'bf16' }, specs, '')).toContain('Weights and products with them are bfloat16.')
  })
})

describe('LaTeX', () => {
  it('escapes what it takes for markup', () => {
    expect(escapeTex('<b>&amp; 50% $x_1$ #2 ~^{}\\ "q" a×b −1 Δp \u0007')).toBe(
      '\\textless{}b\\textgreater{}\\&amp; 50\\% \\$x\\_1\\$ \\#2 \\textasciitilde{}\\textasciicircum{}\\{\\}\\textbackslash{} ' +
        '\\textquotedbl{}q\\textquotedbl{} a$\\times$b $-$1 $\\Delta$p ',
    )
  })

  it('keeps apart what TeX would join into one sign', () => {
    expect(escapeTex("--dtype a---b ''c'' `d` ``e`` ,,f ?` {}-- “?”")).toBe(
      "-{}-dtype a-{}-{}-b '{}'c'{}' \\textasciigrave{}d\\textasciigrave{} " +
        "\\textasciigrave{}\\textasciigrave{}e\\textasciigrave{}\\textasciigrave{} ,{},f ?\\textasciigrave{} \\{\\}-{}- ``?''",
    )
    expect(escapeTex('?“x”')).toBe("?{}``x''")
  })

  it.each([
    ['naïve Größe, Łódź, ș', null],
    ['ħ', 'U+0127'],
    ['ƒ', 'U+0192'],
    ['日', 'U+65E5'],
  ])('says whether pdfLaTeX has the letters of %s', (caption, code) => {
    const tex = figureTex({ file: 'a.pdf', widthIn: 3.25, caption, label: 'a', wide: false })
    if (code === null) expect(tex).not.toContain('XeLaTeX')
    else expect(tex).toContain(`% The caption holds ${code}: XeLaTeX`)
  })

  it('includes the PDF at its width, across both columns where it is wide', async () => {
    const tex = async (widthIn: number) =>
      (
        await exportPicture(timePatching(), 'resid', 'tex', { widthIn, panels: true, pdfFile: 'a.pdf' })
      ).content.toString()
    expect(await tex(3.25)).toMatch(
      /\\begin\{figure\}\[t\]\n {2}\\centering\n {2}\\includegraphics\[width=3\.25in\]\{a\.pdf\}/,
    )
    const wide = await tex(6.75)
    expect(wide).toContain('\\begin{figure*}')
    expect(wide).toContain('\\label{fig:counting-resid}')
    expect(wide).toMatch(/Model: demo \(2 layers/)
  })
})

describe('labels', () => {
  it('make spaces, line ends and unseen characters visible, and shorten long tokens', () => {
    expect(tickLabel('  am')).toBe('··am')
    expect(tickLabel('')).toBe('<empty>')
    expect(tickLabel('a\n\t\u0007')).toBe('a⏎⇥␇')
    expect(tickLabel('\u202eevil\u200b')).toBe('<U+202E>evil<U+200B>')
    expect(tickLabel('👩‍👩‍👧')).toBe('👩‍👩‍👧')
    expect(tickLabel('x'.repeat(100))).toBe(`${'x'.repeat(14)}…${'x'.repeat(13)}`)
    // What is drawn as one stays whole.
    expect(tickLabel('👩‍👩‍👧'.repeat(30), 6)).toBe(`${'👩‍👩‍👧'.repeat(3)}…${'👩‍👩‍👧'.repeat(2)}`)
  })

  it('are cut to the room that they have', () => {
    const measure = (text: string) => text.length / 2
    expect(fittingLabel('x'.repeat(20), 10, measure)).toBe('x'.repeat(20))
    expect(fittingLabel('x'.repeat(20), 6, measure)).toBe(`${'x'.repeat(6)}…${'x'.repeat(5)}`)
    expect(fittingLabel('x'.repeat(20), 1, measure)).toBe('xxx…xx')
  })

  it('thin out on round numbers', () => {
    expect(labelStep(2, 10)).toBe(5)
    expect(labelStep(3, 10)).toBe(5)
    expect(labelStep(20, 10)).toBe(1)
  })

  it.each([
    [[-1, 1], [-1, -0.5, 0, 0.5, 1], '−0.5'],
    [[0, 11], [0, 5, 10], '5'],
    [[-0.00042, 0.00042], [-0.0004, -0.0002, 0, 0.0002, 0.0004], '−2e−4'],
    [[0, 130_000], [0, 50_000, 100_000], '5e4'],
    // As close together as numbers can be.
    [[-5e-324, 5e-324], [-5e-324, 5e-324], '5e−324'],
    [[1, 1 + 2 ** -52], [1, 1 + 2 ** -52], '1.0000000000000002'],
  ] as const)('of a colour bar of %j stand at %j', (range, ticks, second) => {
    expect(roundTicks(range)).toEqual(ticks)
    expect(tickNumber(ticks[1], ticks)).toBe(second)
  })
})
