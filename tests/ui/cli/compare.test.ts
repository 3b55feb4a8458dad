/** `patchlight compare` on real runs: the report, files, the same bytes as the server's, refusals. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { readRun } from '../../../studies/runs/folder.ts'
import { exportComparison } from '../../../ui/compare/export.ts'
import { sideOf } from '../../../ui/compare/side.ts'
import { COUNTING, temporaryFolder } from '../../studies/runs/support.ts'
import { cli, inProcess } from './support.ts'

/** Two finished runs of different sizes in a runs folder of the test's own. */
async function twoRuns(): Promise<{ runs: string; a: string; b: string }> {
  const cwd = temporaryFolder()
  const ids: string[] = []
  for (const rows of [4, 3]) {
    const words = ['run', COUNTING, '--set', `rows=${rows}`, '--set', 'columns=3', '--out', 'runs', '--json']
    ids.push(JSON.parse((await cli(words, { cwd })).out).run)
  }
  const [a = '', b = ''] = ids
  return { runs: join(cwd, 'runs'), a, b }
}

describe('patchlight compare', () => {
  it('reports what differs, writes files, and gives the library’s bytes', async () => {
    const { runs, a, b } = await twoRuns()
    const compared = (...words: string[]) => inProcess(['compare', a, b, '--runs', runs, ...words])

    const report = await compared()
    expect(report.code).toBe(0)
    expect(report.out).toMatch(/rows +4 +3\n/)
    expect(report.out).toContain('what all runs have, 3 of A’s 4 and 3 of B’s 3; the others are left out.')
    expect(report.out).toContain('  A − B: no cell differs\n')
    const document = JSON.parse((await compared('--json')).out)
    expect(document.differing).toEqual([{ label: 'rows', values: ['4', '3'] }])
    expect(document.figures[0].figure).toBe('cells')

    const out = join(runs, '..', 'paper')
    for (const format of ['svg', 'tex', 'csv', 'json']) {
      expect((await compared('--format', format, '--out', out, '--width', 'icml-column')).code).toBe(0)
    }
    const name = `${a}-vs-${b}-cells`
    expect(readdirSync(out).sort()).toEqual(['csv', 'json', 'pdf', 'svg', 'tex'].map(end => `${name}.${end}`))
    expect(readFileSync(join(out, `${name}.tex`), 'utf8')).toContain(`[width=3.25in]{${name}.pdf}`)
    const sides = [a, b].map(id => {
      const snapshot = readRun(join(runs, id))
      return sideOf(snapshot, snapshot.record.title ?? '')
    })
    const path = join(out, 'figure-2.svg')
    const given = ['--width', '3.25in', '--scale', '-900:900']
    expect((await compared('--figure', 'cells', '--out', path, ...given)).code).toBe(0)
    const drawn = readFileSync(path, 'utf8')
    const { content } = await exportComparison(sides, 'cells', 'svg', { widthIn: 3.25, scale: [-900, 900] })
    expect(drawn).toBe(content.toString())
    expect(drawn).toContain('>500</text>')

    const refusals: readonly (readonly [string[], number, RegExp])[] = [
      [['--figure', 'cell'], 1, /^patchlight: compare cell: A and B have no figure cell/],
      [['--format', 'pfd'], 2, /expected one of svg, pdf, .* got pfd; the nearest is pdf/],
      [['--format', 'svg', '--width', 'wide'], 2, /width: expected a length/],
    ]
    for (const [words, code, sentence] of refusals) {
      const refused = await compared(...words)
      expect(refused.err).toMatch(sentence)
      expect(refused.err.trim().split('\n')).toHaveLength(1)
      expect(refused.code).toBe(code)
    }
    expect(existsSync(join(out, 'cell.svg'))).toBe(false)
    const none = await inProcess(['compare', a, 'nothing', '--runs', runs])
    expect(none.err).toMatch(/run nothing: there is none of that name/)
  })

  it('says a reason once for all figures that it holds for', async () => {
    const { runs, a } = await twoRuns()
    const words = ['run', 'neuron-ablation', '--set', 'layers=0,1', '--out', runs, '--json']
    const { run } = JSON.parse((await inProcess(words)).out)
    const report = await inProcess(['compare', a, run, '--runs', runs])
    expect(report.out).toMatch(
      /Not comparable\n {2}cells: B has no such figure\.\n {2}layer-0, layer-1: A has no such figure\.\n$/,
    )
  })
})
