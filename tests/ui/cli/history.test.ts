/** Past runs on the command line: what is said of them, the trash, and runs as files. */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { FIGURE_EVENT, runWith, temporaryFolder } from '../../studies/runs/support.ts'
import { cli, inProcess } from './support.ts'

const DONE = { type: 'state', state: 'done' } as const
const ROOT = fileURLToPath(new URL('../../..', import.meta.url))

function aShelf() {
  const runsDir = temporaryFolder()
  const ids = [1, 2].map(() => runWith(runsDir, FIGURE_EVENT, DONE).id)
  const runs = (...words: string[]) => inProcess(['runs', ...words, '--runs', runsDir])
  const listed = async (...words: string[]) =>
    JSON.parse((await runs(...words, '--json')).out).runs.map((run: { id: string }) => run.id)
  return { runsDir, ids, runs, listed, first: ids[0] ?? '', second: ids[1] ?? '' }
}

describe('patchlight runs', () => {
  it('names, tags and finds', async () => {
    const { runs, listed, first, second } = aShelf()
    expect(await runs('name', first, 'The', 'one')).toMatchObject({ code: 0, out: `${first}  “The one”\n` })
    expect((await runs('tag', first, 'paper', 'am/pm')).out).toBe(`${first}  “The one” · [paper] · [am/pm]\n`)
    expect((await runs('note', first, 'Look', 'again')).code).toBe(0)
    expect((await runs('star', second)).out).toBe(`${second}  starred\n`)
    expect(await listed('--search', 'one again')).toEqual([first])
    expect(await listed('--tag', 'Paper', '--tag', 'am/pm')).toEqual([first])
    expect(await listed('--starred')).toEqual([second])
    expect((await runs()).out).toMatch(/The one \[paper\] \[am\/pm\]\n/)
    expect((await runs('untag', first, 'PAPER')).out).not.toContain('paper')
    expect((await runs('name', first)).out).not.toContain('The one')
    expect(JSON.parse((await runs('star', first, '--json')).out)).toMatchObject({ id: first, meta: { starred: true } })
  })

  it('leaves archived runs out of lists, and says so', async () => {
    const { runs, listed, first, second } = aShelf()
    await runs('archive', first)
    expect(await listed()).toEqual([second])
    expect((await runs()).err).toBe('1 archived run is left out; --archived lists them.\n')
    expect(await listed('--archived')).toEqual([first])
    await runs('unarchive', first)
    expect(await listed()).toHaveLength(2)
  })

  it('deletes, restores and purges', async () => {
    const { runsDir, runs, listed, first, second } = aShelf()
    expect((await runs('delete', first)).out).toContain(`patchlight runs restore ${first} takes it back`)
    expect(await listed()).toEqual([second])
    expect(await listed('--deleted')).toEqual([first])
    expect((await runs('restore', first.slice(-4))).out).toBe(`${first} is back.\n`)
    expect(await listed()).toHaveLength(2)
    await runs('delete', first)
    expect((await runs('purge')).out).toBe('1 run removed for good.\n')
    expect(await listed('--deleted')).toEqual([])
    expect(existsSync(join(runsDir, second))).toBe(true)
  })

  it.each([
    [['nmae', 'last'], 2, /there is no action "nmae"; the nearest are name/],
    [['star'], 2, /runs star: expected a run/],
    [['star', 'last', 'more'], 2, /runs star: did not expect "more"/],
    [['tag', 'last'], 2, /runs tag: expected a tag after the run/],
    [['tag', 'last', 'a,b'], 1, /tag "a,b": expected some text without a comma/],
    [['delete', 'nowhere'], 1, /run nowhere: there is none of that name/],
    [['restore', 'last'], 2, /last is not among the deleted runs/],
    [['purge', 'last'], 2, /it empties the whole trash/],
  ])('refuses %o in one sentence', async (words, code, message) => {
    const { runs } = aShelf()
    const finished = await runs(...words)
    expect(finished.code).toBe(code)
    expect(finished.err).toMatch(message)
    expect(finished.err.trim()).not.toContain('\n')
  })
})

describe('a run as a file', () => {
  it('is written by export, and read by import', async () => {
    const { runsDir, first } = aShelf()
    const folder = temporaryFolder()
    const file = join(folder, 'mine.patchlight')
    const written = await inProcess(['export', first, '--runs', runsDir, '--out', file])
    expect(written).toMatchObject({ code: 0, out: expect.stringMatching(/mine\.patchlight {2}\d\.\d kB\n$/) })
    const elsewhere = join(folder, 'runs')
    expect(await inProcess(['import', file, '--runs', elsewhere])).toMatchObject({ code: 0, out: `${first}\n` })
    const again = await inProcess(['import', file, '--runs', elsewhere])
    expect(again.err).toMatch(new RegExp(`^A run ${first} is here already; this one is `))
    const show = async (dir: string) => JSON.parse((await inProcess(['show', first, '--runs', dir, '--json'])).out)
    const [there, here] = [await show(elsewhere), await show(runsDir)]
    // A path says something of the machine only: where the run lies, and where its model lay.
    expect(there).toEqual({ ...here, dir: there.dir, model: { ...here.model, dir: '' } })
    expect((await inProcess(['export', first, '--runs', elsewhere, '--format', 'csv'])).code).toBe(0)
  })

  it('that is none is refused', async () => {
    const folder = temporaryFolder()
    const file = join(folder, 'x.patchlight')
    writeFileSync(file, 'This is no archive.')
    expect(await inProcess(['import', file, '--runs', folder])).toMatchObject({
      code: 1,
      err: 'patchlight: archive: it is damaged, or no archive of a run\n',
    })
    expect((await inProcess(['import', join(folder, 'y'), '--runs', folder])).err).toMatch(/there is no such file\n$/)
    expect((await inProcess(['import', folder])).err).toBe(`patchlight: archive ${folder}: it is a folder\n`)
    const { runsDir } = aShelf()
    const odd = await inProcess(['export', 'last', '--runs', runsDir, '--format', 'archive', '--figure', 'f'])
    expect(odd).toMatchObject({ code: 2, err: expect.stringContaining('an archive holds the whole run') })
  })

  it('whose model is not here cannot be resumed, and says so', async () => {
    const runsDir = temporaryFolder()
    const { id } = runWith(runsDir, { type: 'state', state: 'cancelled' })
    const path = join(runsDir, id, 'run.json')
    const record = JSON.parse(readFileSync(path, 'utf8'))
    const model = { ...record.model, dir: '/nowhere/checkpoint', name: 'a-large-one' }
    const params = { prompt: 'she sells', target: '' }
    writeFileSync(path, JSON.stringify({ ...record, study: 'neuron-ablation', model, params: { ...params } }))
    const { code, err } = await cli(['resume', id, '--runs', runsDir])
    expect(code).toBe(1)
    expect(err).toMatch(/cannot be resumed: (the study's parameters|its model a-large-one is not here: there is no)/)
  })
})

describe('patchlight new-study', () => {
  it('writes a study that type-checks and runs', async () => {
    const folder = temporaryFolder()
    const made = await inProcess(['new-study', join(folder, 'first-words.ts')])
    expect(made).toMatchObject({ code: 0, out: `${join(folder, 'first-words.ts')}\n` })
    expect((await inProcess(['new-study', join(folder, 'first-words.ts')])).err).toMatch(/is there already/)
    expect((await inProcess(['new-study', join(folder, 'First Words.ts')])).err).toMatch(
      /expected a name of small letters/,
    )
    expect((await inProcess(['new-study', join(folder, 'first.js')])).code).toBe(2)

    // Installed beside it, as for a researcher.
    writeFileSync(join(folder, 'package.json'), '{"type": "module"}')
    mkdirSync(join(folder, 'node_modules'))
    symlinkSync(ROOT, join(folder, 'node_modules', 'patchlight'), 'dir')
    const config = {
      extends: join(ROOT, 'tsconfig.json'),
      include: ['*.ts'],
      compilerOptions: { typeRoots: [join(ROOT, 'node_modules/@types')] },
    }
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config))
    const checked = spawnSync(process.execPath, [
      join(ROOT, 'node_modules/typescript/bin/tsc'),
      '-p',
      folder,
      '--noEmit',
    ])
    expect(checked.stdout.toString()).toBe('')
    expect(checked.status).toBe(0)

    const { code, out } = await cli(['run', join(folder, 'first-words.ts'), '--json'], { cwd: folder })
    expect(code).toBe(0)
    const document = JSON.parse(out)
    expect(document).toMatchObject({ state: 'done', study: 'first-words', figures: [{ id: 'effect' }] })
    expect(Math.min(...document.figures[0].values)).toBeLessThan(-0.1)
    expect(readFileSync(join(document.dir, 'study.ts'), 'utf8')).toBe(
      readFileSync(join(folder, 'first-words.ts'), 'utf8'),
    )
  })
})
