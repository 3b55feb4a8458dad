import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { createRunFolder, listRuns, readRun, runFolder } from '../../../studies/runs/folder.ts'
import { readJournal } from '../../../studies/runs/journal.ts'
import { lockRun } from '../../../studies/runs/lock.ts'
import { FIGURE_EVENT, RECORD, runWith, temporaryFolder } from './support.ts'

describe('run folders', () => {
  it('are named by day, time and study, and never twice the same', () => {
    const runsDir = temporaryFolder()
    const { id } = runWith(runsDir)
    expect(id).toMatch(/^2026-11-2\d-\d{4}-counting-[a-z0-9]{4}$/)
    expect(runWith(runsDir).id).not.toBe(id)
  })

  it('give back figures, tables, notes, summary and progress', () => {
    const { dir } = runWith(
      temporaryFolder(),
      { type: 'state', state: 'running' },
      FIGURE_EVENT,
      { type: 'cells', figure: 'f', first: 1, values: [0.1, Number.NaN], marks: [1, 0] },
      { type: 'table', table: { id: 't', title: 'T', columns: [], rows: [], caption: '' } },
      { type: 'progress', done: 3, total: 4, etaMs: 10 },
      { type: 'summary', values: { best: 0.1 } },
      { type: 'note', text: 'Noted.' },
      { type: 'state', state: 'done' },
    )
    const run = readRun(dir)
    expect(run.state).toBe('done')
    expect(run.seq).toBe(7)
    expect([...(run.figures[0]?.values ?? [])]).toEqual([Number.NaN, 0.1, Number.NaN, Number.NaN])
    expect([...(run.figures[0]?.marks ?? [])]).toEqual([0, 1, 0, 0])
    expect(run).toMatchObject({
      tables: [{ id: 't' }],
      notes: ['Noted.'],
      summary: { best: 0.1 },
      progress: { done: 3 },
    })
  })

  it('of a run that nobody computes any more show it as interrupted', () => {
    const runsDir = temporaryFolder()
    const { dir } = runWith(runsDir, { type: 'state', state: 'running' })
    expect(readRun(dir).state).toBe('interrupted')
    expect(listRuns(runsDir).runs[0]?.state).toBe('interrupted')
    const lock = lockRun(dir)
    expect(listRuns(runsDir).runs[0]?.state).toBe('running')
    lock.release()
  })

  it('are read wherever their journal was cut, as lists and pages alike, and with any byte changed', () => {
    const runsDir = temporaryFolder()
    const { dir } = runWith(
      runsDir,
      { type: 'state', state: 'running' },
      FIGURE_EVENT,
      { type: 'cells', figure: 'f', first: 0, values: [0.5, Number.NaN], marks: [0, 1] },
      { type: 'table', table: { id: 't', title: 'é', columns: [], rows: [{ a: null }], caption: '' } },
      { type: 'summary', values: { best: 1 } },
      { type: 'progress', done: 1, total: 4, etaMs: null },
      { type: 'state', state: 'done' },
    )
    const path = join(dir, 'journal.ndjson')
    const whole = readFileSync(path)
    const events = readJournal(path).events
    for (let cut = 0; cut <= whole.length; cut++) {
      writeFileSync(path, whole.subarray(0, cut))
      const read = readJournal(path)
      expect(read).toMatchObject({ events: events.slice(0, read.events.length), damage: null })
      expect(listRuns(runsDir).runs[0]?.state, `cut at ${cut}`).toBe(readRun(dir).state)
    }
    for (let at = 0; at < whole.length; at++) {
      const changed = Buffer.from(whole)
      changed[at] = 0x7a
      writeFileSync(path, changed)
      expect(() => readRun(dir), `changed at ${at}`).not.toThrow()
      expect(listRuns(runsDir).skipped).toEqual([])
    }
  })

  it('that are damaged are left out of lists, with the reason', () => {
    const runsDir = temporaryFolder()
    const { id } = runWith(runsDir, { type: 'state', state: 'done' })
    mkdirSync(join(runsDir, 'empty'))
    mkdirSync(join(runsDir, 'torn'))
    writeFileSync(join(runsDir, 'torn', 'run.json'), '{"format": 1, "id"')
    mkdirSync(join(runsDir, 'wrong'))
    writeFileSync(join(runsDir, 'wrong', 'run.json'), JSON.stringify({ ...RECORD, model: 'x' }))
    mkdirSync(join(runsDir, 'younger'))
    writeFileSync(join(runsDir, 'younger', 'run.json'), JSON.stringify({ ...RECORD, format: 2, model: 'x' }))
    const { runs, skipped } = listRuns(runsDir)
    expect(runs.map(run => run.id)).toEqual([id])
    expect(skipped.map(({ reason }) => reason.replace(runsDir, ''))).toEqual([
      'run /empty: it has no run.json',
      'run /torn: its run.json is damaged',
      expect.stringMatching(/^run \/wrong: its run\.json is damaged: model: /),
      'run /younger: its run.json is of another format than 1: a newer Patchlight may read it',
    ])
  })

  it('are found in lists whose journals end with much that is no state', () => {
    const runsDir = temporaryFolder()
    const wide = Array.from({ length: 20_000 }, (_, i) => i + 0.5)
    runWith(
      runsDir,
      { type: 'state', state: 'failed' },
      { type: 'progress', done: 1, total: 2, etaMs: null },
      FIGURE_EVENT,
      {
        type: 'note',
        text: wide.join(),
      },
    )
    expect(listRuns(runsDir).runs[0]).toMatchObject({ state: 'failed', done: 1, total: 2 })
  })

  it('have names that cannot lead elsewhere', () => {
    const runsDir = temporaryFolder()
    const { id } = runWith(runsDir)
    for (const name of ['..', '../x', '/etc', '', `${id}/..`])
      expect(() => runFolder(runsDir, name)).toThrow(/none of that name/)
    expect(() => runFolder(runsDir, `${id}x`)).toThrow(id)
  })

  it('that cannot be made say why and what to do', () => {
    const file = join(temporaryFolder(), 'file')
    writeFileSync(file, '')
    expect(() => createRunFolder(join(file, 'runs'), RECORD)).toThrow(/runs folder .*: cannot be written: .*--runs DIR/)
    expect(() => createRunFolder(file, RECORD)).toThrow(/a file stands where the folder should be/)
  })
})
