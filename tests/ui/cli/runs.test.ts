import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { readRun } from '../../../studies/runs/folder.ts'
import { COUNTING, computedCells, temporaryFolder } from '../../studies/runs/support.ts'
import { cli, startCli } from './support.ts'

function lives(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

const SLOW = ['run', COUNTING, '--set', 'rows=60', '--set', 'columns=5', '--set', 'sliceMs=50']

describe('patchlight run', () => {
  it('prints one JSON document and nothing else, and runs and show find the run', async () => {
    const cwd = temporaryFolder()
    writeFileSync(join(cwd, 'params.json'), '{"rows": 9, "columns": 3}')
    const run = await cli(['run', COUNTING, '--params', 'params.json', '--set', 'rows=4', '--seed', '7', '--json'], {
      cwd,
    })
    expect(run.code).toBe(0)
    const document = JSON.parse(run.out)
    expect(document).toMatchObject({
      study: 'counting',
      dir: join(cwd, 'runs', document.run),
      backend: 'wasm',
      model: { name: 'patchlight-demo' },
      params: { rows: 4, columns: 3 },
      figures: [{ id: 'cells', title: 'Cells', unit: 'cells', x: { ticks: ['0', '1', '2'] } }],
      tables: [{ id: 'rows' }],
      summary: { cells: 12 },
    })
    expect(document.figures[0].values).toEqual([null, ...Array.from({ length: 11 }, (_, i) => (i + 1) / 3)])
    expect(document.figures[0].marks).toHaveLength(12)
    expect(run.err).toContain('12 of 12 (100%)')
    const record = JSON.parse(readFileSync(join(document.dir, 'run.json'), 'utf8'))
    expect(record).toMatchObject({ seed: 7, studyFile: COUNTING, dtype: 'f32' })

    const list = await cli(['runs', '--json'], { cwd })
    expect(JSON.parse(list.out).runs).toMatchObject([{ id: document.run, state: 'done', done: 12, total: 12 }])
    const shown = await cli(['show', document.run.slice(-4), '--json'], { cwd })
    expect(JSON.parse(shown.out)).toEqual(document)
    const words = await cli(['show', 'last'], { cwd })
    expect(words.out).toContain('Counting on patchlight-demo: done')
    expect(words.out).toMatch(/cells +index +4 × 3 +0\.3333 to 3\.667 cells/)
  })

  it('stops at Ctrl-C, says how to go on, and goes on', async () => {
    const cwd = temporaryFolder()
    const started = startCli([...SLOW, '--out', 'results'], { cwd })
    await started.says('of 300 (')
    started.child.kill('SIGINT')
    const { code, out, err } = await started.finished
    expect(code).toBe(130)
    expect(out).toBe('')
    expect(err).toContain('Stopping after this slice')
    const [, command] = /To go on: patchlight (.+)/.exec(err) ?? []
    const resumed = await cli([...(command ?? '').split(' '), '--json'], { cwd })
    expect(resumed.code).toBe(0)
    expect(JSON.parse(resumed.out)).toMatchObject({ state: 'done', summary: { cells: 300 } })
  })

  it('stops at Ctrl-C before there is a run, and leaves none', async () => {
    const cwd = temporaryFolder()
    const study = join(cwd, 'long.ts')
    writeFileSync(study, "console.error('reading')\nawait new Promise(resolve => setTimeout(resolve, 1e8))\n")
    const started = startCli(['run', study], { cwd })
    await started.says('reading')
    started.child.kill('SIGINT')
    expect(await started.finished).toEqual({
      code: 130,
      out: '',
      err: 'reading\nStopped before anything was computed.\n',
    })
    expect(existsSync(join(cwd, 'runs'))).toBe(false)
  })

  it('says what failed and how to go on', async () => {
    const { code, out, err } = await cli(['run', COUNTING, '--set', 'accident=refuse', '--json'], {
      cwd: temporaryFolder(),
    })
    expect(code).toBe(1)
    expect(out).toBe('')
    expect(err).toContain('patchlight: counting: it cannot go on\n')
    expect(err).toMatch(/patchlight resume \S+ --runs \S+ does the rest/)
  })

  it('killed: its engine ends too, nothing journaled is lost, and the run can be resumed', async () => {
    const cwd = temporaryFolder()
    const log = join(cwd, 'log')
    const started = startCli([...SLOW, '--set', `log=${log}`], { cwd })
    await started.says('of 300 (')
    const [id = ''] = readdirSync(join(cwd, 'runs'))
    const dir = join(cwd, 'runs', id)
    while ((readRun(dir).progress?.done ?? 0) < 45) await sleep(20)
    const [, pid] = /process (\d+)/.exec(readRun(dir).notes.join()) ?? []
    started.child.kill('SIGKILL')
    await started.finished
    while (lives(Number(pid))) await sleep(20)
    expect(computedCells(log).length).toBeLessThan(300)
    const { state, figures } = readRun(dir)
    expect(state).toBe('interrupted')
    expect(figures[0]?.values[40]).toBe(40 / 3)
    expect((await cli(['resume', 'last'], { cwd })).code).toBe(0)
  })

  it('on a disk that fills up: fails in one sentence, keeps what was journaled, and resumes when there is room', async () => {
    const cwd = temporaryFolder()
    // A limit on the size of files is the nearest thing to a full disk that needs no other disk.
    const args = ['run', COUNTING, '--set', 'rows=400', '--set', 'columns=40', '--json']
    const { code, out, err } = await cli(args, { cwd, shell: 'ulimit -f 64' })
    expect(code).toBe(1)
    expect(out).toBe('')
    expect(err).toMatch(/patchlight: \S+journal\.ndjson: cannot be written: .*limit/)
    const [, command] = /patchlight (resume \S+ --runs \S+) does the rest/.exec(err) ?? []
    const [, id = '', , runsDir = ''] = (command ?? '').split(' ')
    const before = readRun(join(runsDir, id)).figures[0]
    expect(before?.values[100]).toBe(100 / 3)
    const resumed = await cli([...(command ?? '').split(' '), '--json'], { cwd })
    expect(resumed.code).toBe(0)
    expect(JSON.parse(resumed.out).figures[0].values.at(-1)).toBe(15999 / 3)
  })

  it('does not mind a reader that goes away', async () => {
    const cwd = temporaryFolder()
    const started = startCli(['studies', '--json'], { cwd })
    started.child.stdout?.destroy()
    const { code, err } = await started.finished
    expect(err).toBe('')
    expect(code).toBe(0)
  })
})
