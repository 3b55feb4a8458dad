/** The model picker's way to the Hub: a name, progress, cancel, and the model chosen in the form. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { EMBEDDED_MODEL } from '../../studies/runs/model-list.ts'
import { HubServer, readFolder } from '../support/hub-server.ts'
import { setStage } from './support/setup.ts'

let hub: HubServer
const home = mkdtempSync(join(tmpdir(), 'patchlight-hub-'))

// Before the stage's own: the server inherits the environment.
beforeAll(async () => {
  hub = await HubServer.start()
  hub.add('ada/demo', readFolder(EMBEDDED_MODEL))
  for (const name of ['HF_HUB_CACHE', 'HUGGINGFACE_HUB_CACHE', 'HF_TOKEN', 'HF_HUB_OFFLINE']) vi.stubEnv(name, '')
  vi.stubEnv('HF_HOME', home)
  vi.stubEnv('HF_ENDPOINT', hub.url)
})
const stage = setStage()
afterAll(async () => {
  vi.unstubAllEnvs()
  await hub.close()
  rmSync(home, { recursive: true, force: true })
})

it('a model is asked for, cancelled, fetched, and chosen', async () => {
  const page = await stage.open()
  await page.goto(`${stage.origin}/new/slow`)
  await page.getByRole('button', { name: 'Get a model from the Hub …' }).click()
  const dialog = page.getByRole('dialog', { name: 'Get a model from the Hub' })
  const name = dialog.getByRole('textbox', { name: 'Model' })
  await name.fill('ada/none')
  await dialog.getByRole('button', { name: 'Get it' }).click()
  await dialog
    .getByRole('alert')
    .getByText(/^ada\/none/)
    .waitFor()

  hub.fault = ({ host }) => (host === 'store' ? { pauseMs: 20 } : null)
  await name.fill('ada/demo')
  await dialog.getByRole('button', { name: 'Get it' }).click()
  await dialog.getByRole('progressbar', { name: 'Fetched' }).waitFor()
  await dialog.getByText(/ of .* MB · .*\/s · .* left/).waitFor()
  await dialog.getByRole('button', { name: 'Cancel' }).click()

  hub.fault = () => null
  await dialog.getByRole('button', { name: 'Get it' }).click()
  await dialog.waitFor({ state: 'detached' })
  const model = page.getByLabel('Model', { exact: true })
  expect(await model.locator('option:checked').textContent()).toBe('ada/demo')
  await page
    .getByRole('region', { name: 'What will run' })
    .getByText(/cells in 6 rows/)
    .waitFor()
})
