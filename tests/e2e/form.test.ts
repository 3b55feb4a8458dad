/** The form: what prompts become, where they differ, and what is in the way of a run. */
import type { Page } from 'playwright-core'
import { expect, it } from 'vitest'
import { holdRequests } from './support/held.ts'
import { startRun } from './support/run-page.ts'
import { setStage } from './support/setup.ts'

const stage = setStage()

async function openForm(): Promise<Page> {
  const page = await stage.open()
  await page.goto(`${stage.origin}/new/slow`)
  await page.getByRole('list', { name: 'Tokens of Clean prompt' }).waitFor()
  return page
}

const startButton = (page: Page) => page.getByRole('button', { name: 'Start run' })

it('shows a prompt as its tokens, and marks those that differ from its counterpart', async () => {
  const page = await openForm()
  await page.getByRole('textbox', { name: 'Clean prompt' }).fill('the time is 9:00 am')
  await page.getByRole('textbox', { name: 'Corrupted prompt' }).fill('the time is 9:00 pm')
  const tokens = page.getByRole('list', { name: 'Tokens of Corrupted prompt' })
  await tokens.getByText('·pm').waitFor()
  const differing = tokens.getByRole('listitem').filter({ hasText: 'differs' })
  expect(await differing.allTextContents()).toEqual(['·pm (differs)'])
})

it('says which tokens are in the way of prompts that must line up, and does not start', async () => {
  const page = await openForm()
  await page.getByRole('textbox', { name: 'Clean prompt' }).fill('the time is 9:00 am')
  await page.getByRole('textbox', { name: 'Corrupted prompt' }).fill('the time is now 9:00 pm')
  const warning = page.getByRole('note')
  await warning.getByText('they must be equally many').waitFor()
  expect(await warning.textContent()).toContain('only in the other: “·am”')
  // The server's own sentence stands by the field that it names.
  await page.getByText(/parameter corrupted: expected \d+ tokens, got \d+/).waitFor()
  expect(await startButton(page).isDisabled()).toBe(true)
})

it('tells what will run, and follows the values', async () => {
  const page = await openForm()
  const panel = page.getByRole('region', { name: 'What will run' })
  await panel.getByText(/cells in 6 rows/).waitFor()
  await page.getByLabel('Rows').fill('7')
  await panel.getByText(/cells in 7 rows/).waitFor()
  await page.getByLabel('Preset').selectOption({ label: 'Tall' })
  await panel.getByText(/cells in 40 rows/).waitFor()
  expect(await startButton(page).isEnabled()).toBe(true)
})

it('refuses a value out of its limits, by the field', async () => {
  const page = await openForm()
  await page.getByLabel('Rows').fill('0')
  await page.getByText('This must be at least 1.').waitFor()
  expect(await startButton(page).isDisabled()).toBe(true)
  await page.getByRole('button', { name: 'Undo edits' }).click()
  await page.getByText('This must be at least 1.').waitFor({ state: 'detached' })
})

it('a checkpoint folder that is none is one sentence', async () => {
  const page = await openForm()
  await page.getByLabel('Model', { exact: true }).selectOption({ label: 'A checkpoint folder …' })
  await page.getByRole('textbox', { name: 'Checkpoint folder' }).fill('/there/is/none')
  await page.getByRole('region', { name: 'What will run' }).getByText('/there/is/none').waitFor()
  expect(await startButton(page).isDisabled()).toBe(true)
})

it('the last tokens stay while a prompt is typed, until those of the new text are known', async () => {
  const page = await openForm()
  const answer = await holdRequests(page, '**/api/tokenize')
  const asked = page.waitForRequest('**/api/tokenize')
  await page.getByRole('textbox', { name: 'Clean prompt' }).fill('she sells')
  await asked
  const tokens = page.getByRole('list', { name: 'Tokens of Clean prompt' })
  expect(await tokens.count()).toBe(1)
  answer()
  await tokens.getByText('·sells').waitFor()
})

it('what is advanced stays open when what was wrong in it is put right', async () => {
  const page = await openForm()
  await page.getByText('Advanced').press('Enter')
  const seed = page.getByRole('textbox', { name: 'Seed' })
  await seed.fill('x')
  await page.getByText('This needs a number.').waitFor()
  await seed.fill('12')
  await page.getByText('This needs a number.').waitFor({ state: 'detached' })
  expect(await seed.isVisible()).toBe(true)
})

it('what was typed is there after a reload and on coming back from the run; a new form begins afresh', async () => {
  const page = await openForm()
  await page.getByLabel('Rows').fill('7')
  await page
    .getByRole('region', { name: 'What will run' })
    .getByText(/cells in 7 rows/)
    .waitFor()
  await expect.poll(() => page.evaluate(() => JSON.stringify(window.history.state))).toContain('"rows":7')
  await page.reload()
  await page
    .getByRole('region', { name: 'What will run' })
    .getByText(/cells in 7 rows/)
    .waitFor()
  await startRun(page)
  await page.goBack()
  await page
    .getByRole('region', { name: 'What will run' })
    .getByText(/cells in 7 rows/)
    .waitFor()
  expect(await page.getByRole('textbox', { name: 'Rows' }).inputValue()).toBe('7')
  await page.getByRole('link', { name: 'New run' }).click()
  await page
    .getByRole('list', { name: 'Studies' })
    .getByRole('link', { name: /^Slow study/ })
    .click()
  await page
    .getByRole('region', { name: 'What will run' })
    .getByText(/cells in 6 rows/)
    .waitFor()
})

it('another preset in the form of an earlier run takes the place of what that run was asked', async () => {
  const run = await stage.finishedRun({ rows: 7 })
  const page = await stage.open()
  await page.goto(`${stage.origin}/new/slow?from=${run}`)
  const panel = page.getByRole('region', { name: 'What will run' })
  await panel.getByText(/cells in 7 rows/).waitFor()
  await page.getByLabel('Preset').selectOption({ label: 'Tall' })
  await panel.getByText(/cells in 40 rows/).waitFor()
})
