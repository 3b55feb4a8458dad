/** A GPU that goes away in the middle of a run, through the whole workbench. */

import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { webgpuMissing } from '../../support/webgpu.ts'
import { COUNTING, computedCells, reaches, temporaryFolder, testWorkbench } from './support.ts'

const missing = webgpuMissing()

describe.skipIf(missing !== undefined)(`webgpu${missing === undefined ? '' : `: ${missing}`}`, () => {
  it('ends the run with a sentence, and the run resumes on a new device', { timeout: 240_000 }, async () => {
    const workbench = testWorkbench({ backend: 'webgpu' })
    const log = join(temporaryFolder(), 'log')
    const { id } = await workbench.start({ study: COUNTING, params: { rows: 6, accident: 'device', log } })
    await reaches(workbench, id, 'failed')
    const lost = await workbench.snapshot(id)
    expect(lost.error).toMatch(/^webgpu: expected the device to go on, it was lost .*; resume the run/)
    expect(lost.figures[0]?.values[5]).toBe(5 / 3)
    await workbench.resume(id)
    await reaches(workbench, id, 'done')
    const done = await workbench.snapshot(id)
    expect(done.figures[0]?.values[29]).toBe(29 / 3)
    expect(computedCells(log)).toEqual(Array.from({ length: 30 }, (_, cell) => cell))
  })
})
