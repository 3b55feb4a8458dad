/**
 * A backend that fails before or in the middle of a run ends it in a sentence, and the run can be
 * resumed. (An engine process that is killed: workbench.test.ts. A lost GPU: the tests of webgpu.)
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, expect, it, vi } from 'vitest'
import { findBlas } from '../../../engine/backends/libraries.ts'
import { COUNTING, computedCells, enginePid, progresses, reaches, temporaryFolder, testWorkbench } from './support.ts'

const SLOW = { rows: 40, columns: 5, sliceMs: 40 }
const MISSING = join('nowhere', 'libmissing.so')

function blasIsHere(): boolean {
  try {
    findBlas()
    return true
  } catch {
    return false
  }
}

afterEach(() => {
  vi.unstubAllEnvs()
})

it('tensor memory that runs out in the middle fails the run in a sentence; resumed, it does the rest', async () => {
  const workbench = testWorkbench()
  const log = join(temporaryFolder(), 'log')
  const { id } = await workbench.start({ study: COUNTING, params: { rows: 6, accident: 'starve', log } })
  await reaches(workbench, id, 'failed')
  const failed = await workbench.snapshot(id)
  expect(failed.error).toMatch(
    /^wasm: expected 1073741824 bytes of tensor memory, got none .*; use fewer rows at once$/,
  )
  expect(failed.progress?.done).toBe(20)
  const pid = await enginePid(workbench, id)
  await workbench.resume(id)
  await reaches(workbench, id, 'done')
  // The process went on: what it could not have did no harm to what it has.
  const notes = (await workbench.events(id, 0)).flatMap(event => (event.type === 'note' ? [event.text] : []))
  expect(notes.filter(note => note.startsWith('Computed by'))).toEqual(Array(2).fill(`Computed by process ${pid}.`))
  expect(computedCells(log)).toEqual(Array.from({ length: 30 }, (_, i) => i))
})

it('a library that is missing at the start refuses the run in a sentence', async () => {
  vi.stubEnv('PATCHLIGHT_BLAS_LIBRARY', MISSING)
  const workbench = testWorkbench({ backend: 'blas' })
  await expect(workbench.start({ study: COUNTING })).rejects.toThrow(/^blas: expected a oneDNN.*got .*libmissing\.so/)
  expect(await workbench.list()).toEqual([])
})

it.runIf(blasIsHere())(
  'a library that is gone when a run is resumed fails it in a sentence, and nothing is lost',
  async () => {
    const runsDir = temporaryFolder()
    const first = testWorkbench({ backend: 'blas', runsDir })
    const { id } = await first.start({ study: COUNTING, params: SLOW })
    await progresses(first, id, 10)
    await first.close()
    vi.stubEnv('PATCHLIGHT_BLAS_LIBRARY', MISSING)
    const second = testWorkbench({ backend: 'blas', runsDir })
    await second.resume(id)
    await reaches(second, id, 'failed')
    const { error, progress } = await second.snapshot(id)
    expect(error).toMatch(/^blas: expected a oneDNN.*got .*libmissing\.so/)
    expect(progress?.done).toBeGreaterThanOrEqual(10)
    await second.close()
    vi.unstubAllEnvs()
    const third = testWorkbench({ backend: 'wasm', runsDir })
    await third.resume(id)
    await reaches(third, id, 'done')
    const { notes, figures } = await third.snapshot(id)
    expect(figures[0]?.values[199]).toBe(199 / 3)
    expect(notes.filter(note => /^Begun on .*, computed from here on XNNPACK/.test(note))).toHaveLength(1)
  },
)

it('run.json says why its backend was taken', async () => {
  const asked = testWorkbench()
  const { id } = await asked.start({ study: COUNTING })
  await reaches(asked, id, 'done')
  expect((await asked.snapshot(id)).record.backendNote).toBe('asked for by name')
  const file = join(asked.runsDir, id, 'run.json')
  const { backendNote, ...older } = JSON.parse(readFileSync(file, 'utf8'))
  expect(backendNote).toBe('asked for by name')
  // Runs from before it was written down are read as they are.
  writeFileSync(file, JSON.stringify(older))
  expect((await asked.snapshot(id)).record.backendNote).toBeUndefined()
  vi.stubEnv('PATCHLIGHT_CACHE', temporaryFolder())
  const auto = testWorkbench({ backend: 'auto' })
  const run = await auto.start({ study: COUNTING })
  await reaches(auto, run.id, 'done')
  expect((await auto.snapshot(run.id)).record.backendNote).toMatch(
    /^(fastest here for a model of this size: |first of|the only)/,
  )
})
