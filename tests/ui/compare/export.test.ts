/** A comparison as files: one scale, exact width, a caption that says what differs, numbers that agree. */
import { describe, expect, it } from 'vitest'
import { exportComparison } from '../../../ui/compare/export.ts'
import { figure, side, tokens } from './support.ts'

const a = side('run-a', { params: { clean: 'the time is 9 am' } })
const b = side('run-b', {
  params: { clean: 'the time is 9 pm' },
  figures: [figure({ x: tokens('the time is 9 pm') }, cell => cell / 2)],
})

describe('a comparison', () => {
  it('as SVG has three panels on one scale, at its exact width', async () => {
    const svg = (await exportComparison([a, b], 'resid', 'svg', { widthIn: 5.5 })).content.toString()
    expect(svg).toMatch(/^<svg [^>]*width="5\.5in"/)
    for (const text of ['A', 'B', 'A − B', 'am | pm', 'recovered (fraction)']) expect(svg).toContain(`>${text}</text>`)
    expect(svg.match(/-grid"/g)?.length).toBe(3)
    expect(svg).toContain('<title>residual stream: A, B and A − B</title>')
  })

  it('as the differences alone is one panel on their own scale', async () => {
    const svg = (await exportComparison([a, b], 'resid', 'svg', { differenceOnly: true })).content.toString()
    expect(svg.match(/-grid"/g)?.length).toBe(1)
    expect(svg).toContain('>4</text>')
    expect(svg).not.toContain('>8</text>')
  })

  it('as LaTeX says of B only what differs, and nothing twice', async () => {
    const tex = (await exportComparison([a, b], 'resid', 'tex')).content.toString()
    expect(tex).toContain('{run-a-vs-run-b-resid.pdf}')
    expect(tex).toContain('(a) A: The residual stream is taken from the clean prompt. ')
    expect(tex).toContain("(b) B: likewise, with clean ``the time is 9 pm'' in place of ``the time is 9 am''. ")
    for (const once of ['residual stream', '9 am', '9 pm']) expect(tex.split(once), once).toHaveLength(2)
    const alone = (await exportComparison([a, b], 'resid', 'tex', { differenceOnly: true })).content.toString()
    expect(alone).toContain("The runs differ in clean: A ``the time is 9 am'', B ``the time is 9 pm''.")
    expect(tex).toContain('position: 1 of 5 differ, shown as A \\textbar{} B.')
  })

  it('quotes in full what changes places, and what A’s caption does not say', async () => {
    const [am, pm] = ['the time that is displayed is 9 am', 'the time that is displayed is 9 pm']
    const caption = (clean: string, other: string) => `Taken from “${clean}” into “${other}”.`
    const one = side('one', { params: { clean: am, other: pm }, figures: [figure({ caption: caption(am, pm) })] })
    const two = side('two', { params: { clean: pm, other: am }, figures: [figure({ caption: caption(pm, am) })] })
    const tex = (await exportComparison([one, two], 'resid', 'tex')).content.toString()
    expect(tex).toContain(`(b) B: likewise, with clean \`\`${pm}''; other \`\`${am}''. (c)`)
    const same = (await exportComparison([one, one], 'resid', 'tex')).content.toString()
    expect(same).toContain('(b) B: likewise. (c)')
    // Another question's words are its own.
    const { record } = two
    const another = { ...two, record: { ...record, study: 'another' } }
    expect((await exportComparison([one, another], 'resid', 'tex')).content.toString()).not.toContain('likewise')
  })

  it('as CSV and JSON holds the same numbers', async () => {
    const csv = (await exportComparison([a, b], 'resid', 'csv')).content.toString().trim().split('\r\n')
    expect(csv[0]).toMatch(/"resid-a","resid-a_mark","resid-b","resid-b_mark","resid-a-minus-b"$/)
    expect(csv).toHaveLength(11)
    expect(csv[4]).toMatch(/,"am \| pm"|,3,/)
    const json = JSON.parse((await exportComparison([a, b], 'resid', 'json')).content.toString())
    expect(json.figures.map((one: { of: string[] }) => one.of)).toEqual([['A'], ['B'], ['A', 'B']])
    expect(json.figures[2].values).toEqual([0, 0.5, 1, 1.5, 2, 2.5, 3, 3.5, 4, 4.5])
    expect(json.runs.map((one: { id: string; letter: string }) => [one.letter, one.id])).toEqual([
      ['A', 'run-a'],
      ['B', 'run-b'],
    ])
    expect(csv.slice(1).map(line => Number(line.split(',').at(-1)))).toEqual(json.figures[2].values)
  })

  it('that cannot be made is refused in one sentence', async () => {
    const other = side('c', { figures: [figure({ x: tokens('where do you want to go') })] })
    await expect(exportComparison([a, other], 'resid', 'svg')).rejects.toThrow(
      /^compare resid: position: A has 5 tokens/,
    )
    await expect(exportComparison([a, b], 'nothing', 'svg')).rejects.toThrow('A and B have no figure nothing')
    await expect(exportComparison([a], 'resid', 'svg')).rejects.toThrow('expected 2 to 6 runs, got 1')
  })
})
