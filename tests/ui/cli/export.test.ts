/** `patchlight export` on a real run: files, names, refusals, and the same bytes as the server's. */
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { readRun } from '../../../studies/runs/folder.ts'
import { exportPicture } from '../../../ui/figures/export-picture.ts'
import { parseView } from '../../../ui/figures/view.ts'
import { COUNTING, temporaryFolder } from '../../studies/runs/support.ts'
import { cli, inProcess } from './support.ts'

/** A finished run in a runs folder of the test's own. */
async function countingRun(): Promise<{ runs: string; id: string; dir: string }> {
  const cwd = temporaryFolder()
  const run = await cli(['run', COUNTING, '--set', 'rows=4', '--set', 'columns=3', '--out', 'runs', '--json'], { cwd })
  const { run: id, dir } = JSON.parse(run.out)
  return { runs: join(cwd, 'runs'), id, dir }
}

describe('patchlight export', () => {
  it('writes pictures and numbers, and says where', async () => {
    const { runs, id, dir } = await countingRun()
    const exported = (...words: string[]) => inProcess(['export', 'last', '--runs', runs, ...words])

    const standard = await exported()
    expect(standard.code).toBe(0)
    expect(standard.out).toContain(join(dir, 'figures', `${id}-cells.pdf`))

    const out = join(runs, '..', 'paper')
    for (const format of ['svg', 'png', 'tex', 'csv', 'json', 'parquet', 'npy', 'ipynb']) {
      expect((await exported('--format', format, '--out', out, '--width', '3.25in', '--dpi', '72')).code).toBe(0)
    }
    expect(readdirSync(out).sort()).toEqual(
      ['-cells.npy', '-cells.pdf', '-cells.png', '-cells.svg', '-cells.tex', '.csv', '.ipynb', '.json', '.parquet'].map(
        end => `${id}${end}`,
      ),
    )
    expect(readFileSync(join(out, `${id}-cells.tex`), 'utf8')).toContain(`[width=3.25in]{${id}-cells.pdf}`)
    expect(readFileSync(join(out, `${id}.ipynb`), 'utf8')).toContain(`Path(\\"${id}.json\\")`)

    // One file of a given name, its format from the name, and the same bytes as the library and the server give.
    const path = join(runs, '..', 'figure-1.svg')
    const shown = ['--layers', '1-2', '--tokens', '1', '--transpose', '--colours', 'sequential', '--zoom', 'y0-2']
    const given = ['--width', 'icml-column', '--scale', '-2:2', ...shown]
    const one = await exported('--figure', 'cells', '--out', path, ...given, '--json')
    expect(JSON.parse(one.out)).toMatchObject({ run: id, format: 'svg', files: [{ path }], notes: [] })
    const { content } = await exportPicture(readRun(dir), 'cells', 'svg', {
      widthIn: 3.25,
      scale: [-2, 2],
      view: parseView({ layers: '1-2', tokens: '1', colours: 'sequential', zoom: 'y0-2' }, true),
    })
    expect(readFileSync(path).equals(content)).toBe(true)
    const whole = await exportPicture(readRun(dir), 'cells', 'svg', { widthIn: 3.25, scale: [-2, 2] })
    expect(readFileSync(path).equals(whole.content)).toBe(false)
  })

  it('refuses in one sentence what cannot be, and leaves nothing half written', async () => {
    const { runs } = await countingRun()
    const exported = (...words: string[]) => inProcess(['export', 'last', '--runs', runs, ...words])
    const cases: readonly (readonly [string[], number, RegExp])[] = [
      [['--format', 'pfd'], 2, /expected one of svg, pdf, .* got pfd; the nearest is pdf/],
      [['--figure', 'cell'], 1, /figure cell: no such figure in this run; the nearest are cells/],
      [['--width', 'wide'], 2, /width: expected a length/],
      [['--layers', '2'], 2, /layers: expected the first and the last, counted from 0, such as 2-4, got 2/],
      [['--tokens', 'a', '--format', 'csv'], 2, /export --tokens: it is for pictures, csv holds all numbers/],
      [['--scale', '1'], 2, /scale: expected the values at its ends, the lower first, such as -1:1, got 1/],
      [['--font', join(runs, 'none.ttf')], 1, /font .*none\.ttf: expected a TrueType/],
      [['--annotate', '0,0=a'], 2, /--annotate: expected --figure ID/],
      [['--figure', 'cells', '--annotate', '9,0=a'], 1, /expected a row under 4/],
      [['--figure', 'cells', '--format', 'png', '--width', '40in', '--dpi', '1200'], 2, /at most 100 million pixels/],
    ]
    for (const [words, code, sentence] of cases) {
      const refused = await exported(...words)
      expect(refused.err).toMatch(sentence)
      expect(refused.err.trim().split('\n')).toHaveLength(1)
      expect(refused.code).toBe(code)
    }
    const file = join(runs, 'a-file')
    writeFileSync(file, '')
    const blocked = await exported('--format', 'csv', '--out', join(file, 'x', 'data.csv'))
    expect(blocked.code).toBe(1)
    expect(blocked.err).toMatch(/data\.csv: cannot be written: a part of the path is a file.*--out PATH/)
  })

  it('on a full disk says so, and what was there before stays', async () => {
    const { runs } = await countingRun()
    const out = join(runs, '..', 'out')
    mkdirSync(out)
    const path = join(out, 'figure.pdf')
    writeFileSync(path, 'before')
    // A limit on the size of files is the nearest thing to a full disk that needs no other disk.
    const words = ['export', 'last', '--runs', runs, '--figure', 'cells', '--out', path]
    const { code, err } = await cli(words, { shell: 'ulimit -f 1' })
    expect(code).toBe(1)
    expect(err).toMatch(/figure\.pdf: cannot be written: .*limit/)
    expect(readFileSync(path, 'utf8')).toBe('before')
    expect(readdirSync(out)).toEqual(['figure.pdf'])
  })

  it.skipIf(process.getuid?.() === 0)('into a folder that may not be written, says so', async () => {
    const { runs } = await countingRun()
    const out = join(runs, '..', 'locked')
    mkdirSync(out)
    chmodSync(out, 0o500)
    const { code, err } = await inProcess(['export', 'last', '--runs', runs, '--out', `${out}/`])
    expect(code).toBe(1)
    expect(err).toMatch(/cannot be written: it may not be written/)
    expect(existsSync(join(out, 'x'))).toBe(false)
  })
})
