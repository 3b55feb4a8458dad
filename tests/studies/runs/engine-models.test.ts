/** The engine process's one model: who holds it, who may use it meanwhile, and who waits. */
import { cpSync } from 'node:fs'
import { expect, it, onTestFinished, vi } from 'vitest'
import { EngineModels } from '../../../studies/runs/engine-models.ts'
import { EMBEDDED_MODEL } from '../../../studies/runs/model-list.ts'
import { temporaryFolder } from './support.ts'

it('one holds it at a time, others may use it, and who wants another model waits or is refused', async () => {
  vi.stubEnv('PATCHLIGHT_BACKEND', 'wasm')
  onTestFinished(() => {
    vi.unstubAllEnvs()
  })
  const copy = temporaryFolder()
  cpSync(EMBEDDED_MODEL, copy, { recursive: true })
  const models = new EngineModels()
  const first = await models.hold(EMBEDDED_MODEL)
  let second = 'waits'
  const next = models.hold(copy).then(held => {
    second = 'has it'
    return held
  })
  expect(await models.with(EMBEDDED_MODEL, async model => model === first.model)).toBe(true)
  await expect(models.with(copy, async () => {})).rejects.toThrow(/a run or a text is computed on .*ask again/)
  expect(second).toBe('waits')
  first.release()
  const held = await next
  expect(held.model).not.toBe(first.model)
  held.release()

  // What fails gives its hold back.
  await expect(models.hold('/there/is/none')).rejects.toThrow('/there/is/none')
  const after = await models.hold(copy)
  after.release()
  await after.model.dispose()
})
