import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readJournal } from '../../../studies/runs/journal.ts'
import { createWorkbench } from '../../../studies/runs/workbench.ts'
import type { Workbench } from '../../../studies/runs/workbench-types.ts'
import { COUNTING, computedCells, enginePid, progresses, reaches, temporaryFolder, testWorkbench } from './support.ts'

const SLOW = { rows: 40, columns: 5, sliceMs: 40 }

// One engine process serves most tests: each start of one takes a second or two.
let workbench: Workbench

beforeAll(() => {
  const runsDir = mkdtempSync(join(tmpdir(), 'patchlight-'))
  workbench = createWorkbench({ runsDir, allowStudyPaths: true, backend: 'wasm' })
})

afterAll(async () => {
  await workbench.close()
  rmSync(workbench.runsDir, { recursive: true, force: true })
})

describe('workbench', () => {
  it('runs a study, journals before it tells, and leaves no gap in the numbers', async () => {
    const heard: number[] = []
    workbench.on('event', (run, event) => {
      heard.push(event.seq)
      expect(readJournal(join(workbench.runsDir, run, 'journal.ndjson')).events.at(event.seq)).toEqual(event)
    })
    const { id } = await workbench.start({ study: COUNTING, params: { rows: 6 } })
    await reaches(workbench, id, 'done')
    const events = await workbench.events(id, 0)
    expect(events.map(event => event.seq)).toEqual(events.map((_, i) => i))
    expect(heard).toEqual(events.map((_, i) => i))
    expect(events.filter(event => event.type === 'state').map(event => event.state)).toEqual([
      'queued',
      'loading',
      'running',
      'done',
    ])
    const run = await workbench.snapshot(id)
    expect([...(run.figures[0]?.values ?? [])]).toEqual(
      Array.from({ length: 30 }, (_, i) => (i === 0 ? Number.NaN : i / 3)),
    )
    expect(run.figures[0]?.marks[14]).toBe(1)
    expect(run).toMatchObject({
      progress: { done: 30, total: 30 },
      notes: [expect.stringContaining('process'), 'Counted.'],
      summary: { cells: 30 },
      error: null,
    })
    expect(run.record.tokens?.prompt?.[0]?.length).toBeGreaterThan(3)
    expect(await workbench.events(id, 5)).toEqual(events.slice(5))
  })

  it('computes one run at a time, in the order they came; a waiting one can be cancelled', async () => {
    const order: string[] = []
    workbench.on('run', run => {
      if (run.state === 'running' && order.at(-1) !== run.id) order.push(run.id)
    })
    // Goes on until it is cancelled, however slow the machine.
    const first = await workbench.start({ study: COUNTING, params: { rows: 10_000, sliceMs: 30 } })
    const second = await workbench.start({ study: COUNTING })
    const third = await workbench.start({ study: COUNTING })
    const states = Object.fromEntries((await workbench.list()).map(run => [run.id, run.state]))
    expect([states[second.id], states[third.id]]).toEqual(['queued', 'queued'])
    expect(states[first.id]).toMatch(/loading|running/)
    expect(await workbench.cancel(second.id)).toMatchObject({ state: 'cancelled' })
    await reaches(workbench, first.id, 'running')
    await workbench.cancel(first.id)
    await reaches(workbench, third.id, 'done')
    expect(order).toEqual([first.id, third.id])
  })

  it('cancels between slices and resumes without computing a cell twice', async () => {
    const log = join(temporaryFolder(), 'log')
    const { id } = await workbench.start({ study: COUNTING, params: { ...SLOW, log } })
    await progresses(workbench, id, 10)
    expect(await workbench.cancel(id)).toMatchObject({ state: 'cancelled' })
    const before = computedCells(log)
    expect(before.length).toBeLessThan(200)
    await expect(workbench.cancel(id)).rejects.toThrow(/cannot be cancelled: it is not running, it is cancelled/)
    await workbench.resume(id)
    await reaches(workbench, id, 'done')
    expect(computedCells(log)).toEqual(Array.from({ length: 200 }, (_, i) => i))
    expect((await workbench.snapshot(id)).figures[0]?.values[199]).toBe(199 / 3)
    const figures = (await workbench.events(id, 0)).filter(event => event.type === 'figure')
    expect(figures).toHaveLength(1)
    await expect(workbench.resume(id)).rejects.toThrow(/cannot be resumed: it is done/)
  })

  it('a study that changes while its run waits is refused in one sentence when its turn comes', async () => {
    const path = join(temporaryFolder(), 'own.mts')
    const text = (key: string) => `
      import { defineStudy } from 'patchlight/studies'
      export default defineStudy({
        id: 'own', title: 'Own', question: 'Q?', about: 'A.', presets: [],
        params: { ${key}: { kind: 'text', label: 'L', help: '', default: 'x' } },
        estimate: async () => ({ summary: '', patches: 1, flops: 1, peakBytes: 1 }),
        run: async ({ params }) => { params.word.trim() },
        cell: async () => null,
      })`
    writeFileSync(path, text('word'))
    const slow = await workbench.start({ study: COUNTING, params: SLOW })
    const waiting = await workbench.start({ study: path })
    writeFileSync(path, text('another'))
    await workbench.cancel(slow.id)
    await reaches(workbench, waiting.id, 'failed')
    expect((await workbench.snapshot(waiting.id)).error).toMatch(
      /^study own: it changed while the run waited: parameter another is new; start a new run$/,
    )
  })

  it('survives the death of the engine: the run is interrupted, and the rest is done by a new one', async () => {
    const log = join(temporaryFolder(), 'log')
    const { id } = await workbench.start({ study: COUNTING, params: { rows: 6, accident: 'kill', log } })
    await reaches(workbench, id, 'interrupted')
    const run = await workbench.snapshot(id)
    expect(run.error).toMatch(/engine process: it was killed \(SIGKILL\).*resume the run/)
    expect(run.figures[0]?.values[5]).toBe(5 / 3)
    await workbench.resume(id)
    await reaches(workbench, id, 'done')
    // What had reached the journal before the kill was not computed again; the row that was on its way may be.
    const cells = computedCells(log)
    expect(new Set(cells).size).toBe(30)
    expect(cells.length).toBeLessThanOrEqual(35)
  })

  it('survives it when the engine is killed from outside in the middle of a run', async () => {
    const { id } = await workbench.start({ study: COUNTING, params: SLOW })
    await progresses(workbench, id, 10)
    process.kill(await enginePid(workbench, id), 'SIGKILL')
    await reaches(workbench, id, 'interrupted')
    await workbench.resume(id)
    await reaches(workbench, id, 'done')
    expect((await workbench.snapshot(id)).figures[0]?.values[199]).toBe(199 / 3)
  })

  it('tells a refusal and an exception of a study apart from its own faults', async () => {
    const refused = await workbench.start({ study: COUNTING, params: { accident: 'refuse' } })
    await reaches(workbench, refused.id, 'failed')
    expect((await workbench.snapshot(refused.id)).error).toBe('counting: it cannot go on')
    const thrown = await workbench.start({ study: COUNTING, params: { accident: 'throw' } })
    await reaches(workbench, thrown.id, 'failed')
    expect((await workbench.snapshot(thrown.id)).error).toMatch(
      /^study counting: TypeError: something is undefined \(line \d+ of .*counting\.ts\)$/,
    )
  })

  it('shows the runs of a process that went away as interrupted, and goes on with them', async () => {
    const first = testWorkbench()
    const { id } = await first.start({ study: COUNTING, params: SLOW })
    await progresses(first, id, 10)
    const second = testWorkbench({ runsDir: first.runsDir })
    expect((await second.list())[0]).toMatchObject({ id, state: 'running' })
    await expect(second.resume(id)).rejects.toThrow(/another process computes it/)
    await expect(second.cancel(id)).rejects.toThrow(/another process computes it; cancel it there/)
    await first.close()
    expect((await second.list())[0]).toMatchObject({ id, state: 'interrupted' })
    await second.resume(id)
    await reaches(second, id, 'done')
  })

  it('refuses to resume when the weights or the parameters are not those of before', async () => {
    const { id } = await workbench.start({ study: COUNTING, params: { accident: 'refuse' } })
    await reaches(workbench, id, 'failed')
    const path = join(workbench.runsDir, id, 'run.json')
    const record = JSON.parse(readFileSync(path, 'utf8'))
    writeFileSync(path, JSON.stringify({ ...record, model: { ...record.model, fingerprint: 'other' } }))
    await expect(workbench.resume(id)).rejects.toThrow(/cannot be resumed: the weights in .* changed since/)
    await expect(workbench.cell(id, { figure: 'cells', index: 0 }, 'detail', {})).rejects.toThrow(
      /its cells cannot be looked at: the weights in .* changed since/,
    )
    writeFileSync(path, JSON.stringify({ ...record, params: { ...record.params, gone: 1 } }))
    await expect(workbench.resume(id)).rejects.toThrow(/the study's parameters changed since: parameter gone/)
    const { rows: _rows, ...without } = record.params
    writeFileSync(path, JSON.stringify({ ...record, params: without }))
    await expect(workbench.resume(id)).rejects.toThrow(/parameter rows is new/)
  })

  it('checks a request before it makes a folder for it', async () => {
    const before = (await workbench.list()).length
    const refusals: [Parameters<typeof workbench.start>[0], RegExp][] = [
      [{ study: 'counting' }, /study "counting": there is none of that name/],
      [{ study: '/nowhere/study.ts' }, /there is no such file/],
      [{ study: COUNTING, preset: 'big' }, /preset "big": this study has none of that name; it has small/],
      [{ study: COUNTING, params: { row: 1 } }, /parameter row: .* nearest are rows/],
      [{ study: COUNTING, params: { rows: 0 } }, /parameter rows: expected a whole number from 1/],
      [{ study: COUNTING, params: { prompt: 'impossible' } }, /counting: this prompt is impossible/],
      [{ study: COUNTING, model: temporaryFolder() }, /expected a config\.json/],
    ]
    for (const [request, message] of refusals) await expect(workbench.start(request)).rejects.toThrow(message)
    expect(await workbench.list()).toHaveLength(before)
  })

  it('runs a cell of a figure again and shows the likeliest tokens without and with the patch', async () => {
    const { id } = await workbench.start({ study: 'time-patching', preset: 'demo', params: { pairs: [] } })
    await reaches(workbench, id, 'done', 'failed')
    const { figures } = await workbench.snapshot(id)
    const spec = figures[0]?.spec
    const last = (spec?.x.ticks.length ?? 0) - 1
    const at = { figure: spec?.id ?? '', index: last }
    const cell = await workbench.cell(id, at, 'detail', {})
    expect(cell).toMatchObject({ ...at, position: cell.window.of - 1, followed: 'answer' })
    expect(cell.top.filter(token => token.before.rank < 10)).toHaveLength(10)
    expect(cell.top.filter(token => token.after.rank < 10)).toHaveLength(10)
    expect(cell.interventions?.length).toBeGreaterThan(0)
    const probabilities = cell.top.map(token => token.after.prob ?? 0)
    expect(probabilities).toEqual([...probabilities].sort((a, b) => b - a))
    await expect(workbench.cell(id, { figure: 'recoverd-resid', index: 0 }, 'detail', {})).rejects.toThrow(
      /no figure "recoverd-resid"; the nearest are recovered-resid/,
    )
    await expect(workbench.cell(id, { ...at, index: 1e6 }, 'detail', {})).rejects.toThrow(
      /expected a cell from 0 to \d+, got 1000000/,
    )
  })

  it('a run that came as a file is looked at and gone on with on the weights that are here', async () => {
    const { id } = await workbench.start({ study: 'neuron-ablation', params: { layers: '0' } })
    await reaches(workbench, id, 'done')
    const stopped = readFileSync(join(workbench.runsDir, id, 'journal.ndjson'), 'utf8')
      .split('\n')
      .slice(0, 4)
    writeFileSync(join(workbench.runsDir, id, 'journal.ndjson'), `${stopped.join('\n')}\n`)
    const copy = await workbench.history.unpack(await workbench.history.pack(id))
    expect((await workbench.snapshot(copy.id)).record.model.dir).toBe('')
    const cell = await workbench.cell(copy.id, { figure: 'layer-0', index: 3 }, 'detail', {})
    expect(cell.what).toMatch(/^N3@L0 /)
    await workbench.resume(copy.id)
    await reaches(workbench, copy.id, 'done')
    const path = join(workbench.runsDir, copy.id, 'run.json')
    writeFileSync(path, readFileSync(path, 'utf8').replace(/"fingerprint": "\w+/, '$&0'))
    await expect(workbench.cell(copy.id, { figure: 'layer-0', index: 3 }, 'detail', {})).rejects.toThrow(
      /its model patchlight-demo is not here: no model here has its weights; pull it, or offer its folder with --model$/,
    )
  })

  it('takes study files by path only where it was told so', async () => {
    const closed = testWorkbench({ allowStudyPaths: false })
    await expect(closed.start({ study: COUNTING })).rejects.toThrow(/run from the command line/)
    const offering = testWorkbench({ allowStudyPaths: false, studyFiles: [COUNTING] })
    expect((await offering.studies()).at(-1)).toMatchObject({ id: 'counting', file: COUNTING })
    const { id } = await offering.start({ study: 'counting', preset: 'small' })
    await reaches(offering, id, 'done')
  })
})
