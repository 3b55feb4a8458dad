/** What the tests of runs share: a record, temporary folders, a workbench on one, and waiting for states. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'
import type { EventBody, RunRecord, RunState } from '../../../studies/runs/events.ts'
import { createRunFolder } from '../../../studies/runs/folder.ts'
import { JOURNAL_FILE, JournalWriter } from '../../../studies/runs/journal.ts'
import { createWorkbench, type WorkbenchOptions } from '../../../studies/runs/workbench.ts'
import type { Workbench } from '../../../studies/runs/workbench-types.ts'

export const COUNTING = fileURLToPath(new URL('../../fixtures/studies/counting.ts', import.meta.url))

export function temporaryFolder(): string {
  const dir = mkdtempSync(join(tmpdir(), 'patchlight-'))
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }))
  return dir
}

/** A workbench on a fresh runs folder, closed when the test ends. */
export function testWorkbench(options: WorkbenchOptions = {}): Workbench {
  const workbench = createWorkbench({ runsDir: temporaryFolder(), allowStudyPaths: true, backend: 'wasm', ...options })
  onTestFinished(() => workbench.close())
  return workbench
}

const ENDS: readonly RunState[] = ['done', 'failed', 'cancelled', 'interrupted']

/**
 * Resolves once a run is in one of the states; at once if it is already.
 * @throws Error with the run's own error if it ends in another
 */
export async function reaches(workbench: Workbench, run: string, ...states: RunState[]): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const see = (state: RunState) => {
      if (!states.includes(state) && !ENDS.includes(state)) return
      off()
      if (states.includes(state)) return resolve()
      workbench.snapshot(run).then(({ error }) => {
        reject(new Error(`expected run ${run} to be ${states.join(' or ')}, it is ${state}: ${error ?? 'no error'}`))
      }, reject)
    }
    const off = workbench.on('run', ({ id, state }) => {
      if (id === run) see(state)
    })
    workbench.snapshot(run).then(({ state }) => see(state), reject)
  })
}

/** Resolves once the run has journaled progress of at least `done`. */
export async function progresses(workbench: Workbench, run: string, done: number): Promise<void> {
  await new Promise<void>(resolve => {
    const off = workbench.on('event', (id, event) => {
      if (id !== run || event.type !== 'progress' || event.done < done) return
      off()
      resolve()
    })
  })
}

/** The cells that the counting study computed, in order, over all its runs. */
export function computedCells(log: string): number[] {
  return readFileSync(log, 'utf8').trim().split('\n').map(Number)
}

/** The process that computes the counting study, from its note. */
export async function enginePid(workbench: Workbench, run: string): Promise<number> {
  const { notes } = await workbench.snapshot(run)
  const [, pid] = /process (\d+)/.exec(notes.at(-1) ?? '') ?? []
  if (pid === undefined) throw new Error('the study did not say its process')
  return Number(pid)
}

/** A run's folder with this journal. */
export function runWith(runsDir: string, ...bodies: EventBody[]): { dir: string; id: string } {
  const { dir, record } = createRunFolder(runsDir, RECORD)
  const writer = new JournalWriter(join(dir, JOURNAL_FILE))
  for (const [t, body] of bodies.entries()) writer.append(body, t)
  writer.close()
  return { dir, id: record.id }
}

/** A figure of two by two cells, called `f`. */
export const FIGURE_EVENT: EventBody = {
  type: 'figure',
  figure: {
    id: 'f',
    title: 'F',
    x: { kind: 'position', label: 'x', ticks: ['a', 'b'] },
    y: { kind: 'layer', label: 'y', ticks: ['0', '1'] },
    metric: 'm',
    unit: 'logits',
    scale: 'diverging',
    marks: [{ symbol: '×', meaning: 'changed' }],
    caption: 'A figure.',
  },
}

export const RECORD: RunRecord = {
  format: 1,
  id: '2026-11-21-1430-counting-k3f9',
  createdAt: '2026-11-21T14:30:00.000Z',
  study: 'counting',
  studyTitle: 'Counting',
  params: { prompt: 'the time is 9:00 am', rows: 4 },
  model: {
    dir: 'checkpoint',
    name: 'demo',
    family: 'llama',
    fingerprint: '0',
    layers: 2,
    heads: 2,
    dModel: 8,
    parameters: 100,
  },
  backend: 'wasm',
  library: 'XNNPACK',
  dtype: 'f32',
  seed: 0,
  versions: {},
}
