/** A study of one's own from the page: written, run, its source shown, edited, broken and mended. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { holdRequests } from './support/held.ts'
import { startRun, untilState } from './support/run-page.ts'
import { setStage } from './support/setup.ts'

const stage = setStage([])

it('is written by a button, runs, shows its source as it ran, and follows its file when that is saved', async () => {
  const page = await stage.open()
  await page.goto(stage.origin)
  await page.getByRole('button', { name: 'New study …' }).press('Enter')
  const dialog = page.getByRole('dialog', { name: 'New study' })
  await page.keyboard.type('Not a name')
  await page.keyboard.press('Enter')
  await dialog.getByRole('alert').getByText('expected a name of small letters, digits and hyphens').waitFor()
  await dialog.getByRole('textbox', { name: 'Name' }).fill('time-patching')
  await page.keyboard.press('Enter')
  await dialog.getByRole('alert').getByText('there is a study time-patching already').waitFor()
  await dialog.getByRole('textbox', { name: 'Name' }).fill('first-words')
  await page.keyboard.press('Enter')
  await page.getByRole('heading', { name: 'First words' }).waitFor()
  const file = join(stage.served.studiesDir, 'first-words.ts')
  const written = readFileSync(file, 'utf8')

  await startRun(page)
  await untilState(page, 'done')
  const address = page.url()
  await page.getByText('Source', { exact: true }).press('Enter')
  const source = page.getByRole('list', { name: 'Source of first-words.ts' })
  await source.getByText("id: 'first-words'").waitFor()
  expect(await source.getByRole('listitem').count()).toBe(written.trimEnd().split('\n').length)

  // The form follows the file; values that were typed stay.
  await page.goto(`${stage.origin}/new/first-words`)
  const scale = page.getByRole('textbox', { name: 'Scale' })
  await scale.fill('0.5')
  writeFileSync(file, written.replace("label: 'Answer'", "label: 'Watched token'").replace("'First words'", "'Mended'"))
  await page.getByRole('textbox', { name: 'Watched token' }).waitFor()
  await page.getByRole('heading', { name: 'Mended' }).waitFor()
  expect(await scale.inputValue()).toBe('0.5')

  // A broken file: one sentence with its line, and the version before still runs.
  writeFileSync(file, written.replace('presets: [],', 'presets: ],'))
  const line = written.slice(0, written.indexOf('presets: [],')).split('\n').length
  await page.getByRole('alert').getByText(`study first-words.ts: syntax error at line ${line}, column`).waitFor()
  await startRun(page)
  await untilState(page, 'done')
  await page.goto(stage.origin)
  await page.getByRole('list', { name: 'Study files that cannot be read' }).getByText('syntax error').waitFor()

  // What is shown beside the first run is still what ran then.
  await page.goto(address)
  await page.getByText('Source', { exact: true }).press('Enter')
  await page.getByText('The file has changed since; this is what ran.').waitFor()
  await page.getByRole('list', { name: 'Source of first-words.ts' }).getByText("label: 'Answer'").waitFor()
})

it('is written once, however often its name is sent', async () => {
  const page = await stage.open()
  let sent = 0
  const answer = await holdRequests(page, '**/api/study-files', async (route, held) => {
    if (route.request().method() === 'POST') {
      sent++
      await held
    }
    await route.continue()
  })
  await page.goto(stage.origin)
  await page.getByRole('button', { name: 'New study …' }).press('Enter')
  await page.keyboard.type('only-one')
  await page.keyboard.press('Enter')
  await page.keyboard.press('Enter')
  const write = page.getByRole('dialog', { name: 'New study' }).getByRole('button', { name: 'Write it' })
  expect(await write.isDisabled()).toBe(true)
  answer()
  await page.getByRole('heading', { name: 'Only one' }).waitFor()
  expect(sent).toBe(1)
})

it('shows the source of a built-in study', async () => {
  const page = await stage.open()
  await page.goto(`${stage.origin}/new/neuron-ablation`)
  await startRun(page)
  await untilState(page, 'done')
  await page.getByText('Source', { exact: true }).press('Enter')
  const source = page.getByRole('list', { name: 'Source of neuron-ablation.ts' })
  await source.getByText('export default defineStudy').first().waitFor()
  await page.getByText('A built-in study.').waitFor()
})
