/** The disk fills in the moment between a run's record and its lock, which no limit on files can bring about. */
import { readdirSync } from 'node:fs'
import { expect, it, vi } from 'vitest'
import { StudyError } from '../../../engine/errors.ts'
import { COUNTING, testWorkbench } from './support.ts'

vi.mock('../../../studies/runs/lock.ts', async importOriginal => ({
  ...(await importOriginal<object>()),
  lockRun: () => {
    throw new StudyError('run: cannot be written: no space left on the device')
  },
}))

it('a run that cannot take its lock leaves no folder', async () => {
  const workbench = testWorkbench()
  await expect(workbench.start({ study: COUNTING })).rejects.toThrow(/no space left/)
  expect(readdirSync(workbench.runsDir)).toEqual([])
  expect(await workbench.list()).toEqual([])
})
