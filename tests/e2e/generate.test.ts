/** Text on the page: steered beside unsteered, growing, stopped, and refused by the field that is wrong. */
import type { Page } from 'playwright-core'
import { expect, it } from 'vitest'
import { setStage } from './support/setup.ts'

const stage = setStage()

async function openGenerate(): Promise<Page> {
  const page = await stage.open()
  await page.goto(`${stage.origin}/`)
  await page.getByRole('link', { name: 'Generate', exact: true }).click()
  await page.getByRole('heading', { name: 'Generate', exact: true }).waitFor()
  return page
}

const press = (page: Page, name: string) => page.getByRole('button', { name, exact: true }).click()
const untilStatus = (page: Page, text: string) =>
  page.getByRole('status', { name: 'Generation' }).getByText(text, { exact: true }).waitFor()
const textOf = (page: Page, side: string) =>
  page.getByRole('region', { name: side, exact: true }).locator('p').first().textContent()

it('shows what interventions change, side by side', async () => {
  const page = await openGenerate()
  await page
    .getByRole('textbox', { name: 'Prompt' })
    .fill('the time displayed is 9:00 am. therefore, it is currently the')
  await page.getByRole('textbox', { name: 'Max tokens' }).fill('5')
  await press(page, 'Generate')
  await untilStatus(page, 'Done.')
  const plain = await textOf(page, 'Unsteered')
  expect(plain).toMatch(/^ morning/)
  expect(await page.getByRole('region', { name: 'Steered', exact: true }).count()).toBe(0)
  await page.getByRole('list', { name: 'Tokens of the prompt' }).getByText('·am').waitFor()

  await press(page, 'Use an example')
  await press(page, 'Generate')
  await untilStatus(page, 'Done.')
  expect(await textOf(page, 'Unsteered')).toBe(plain)
  expect(await textOf(page, 'Steered')).toMatch(/^ evening/)
})

it('grows token by token, and stops', async () => {
  const page = await openGenerate()
  await page.getByRole('textbox', { name: 'Max tokens' }).fill('100000')
  await page.getByRole('textbox', { name: 'Temperature' }).fill('9')
  await press(page, 'Generate')
  const side = page.getByRole('region', { name: 'Unsteered' })
  await side.getByText(/^([3-9]|\d\d+) tokens/).waitFor()
  await press(page, 'Stop')
  await untilStatus(page, 'Stopped.')
  await page.getByRole('textbox', { name: 'Max tokens' }).fill('1')
  await press(page, 'Generate')
  await side.getByText('1 token: max tokens reached').waitFor()
})

it('says what is wrong by the field, before and after asking', async () => {
  const page = await openGenerate()
  const interventions = page.getByRole('textbox', { name: 'Interventions' })
  await interventions.fill('[{ "at": ')
  await page
    .getByRole('alert')
    .getByText(/^Not JSON yet/)
    .waitFor()
  expect(await page.getByRole('button', { name: 'Generate', exact: true }).isDisabled()).toBe(true)
  await interventions.fill('[{ "at": "L99H0", "set": { "zero": true } }]')
  await press(page, 'Generate')
  await page.getByRole('alert').getByText('L99H0').waitFor()
  expect(await interventions.getAttribute('aria-invalid')).toBe('true')
})

it('keeps what was typed over a reload', async () => {
  const page = await openGenerate()
  await page.getByRole('textbox', { name: 'Prompt' }).fill('she sells')
  await page.getByRole('textbox', { name: 'Max tokens' }).fill('7')
  await expect.poll(() => page.evaluate(() => JSON.stringify(window.history.state))).toContain('"maxTokens":"7"')
  await page.reload()
  await page.getByRole('list', { name: 'Tokens of the prompt' }).getByText('·sells').waitFor()
  expect(await page.getByRole('textbox', { name: 'Max tokens' }).inputValue()).toBe('7')
})
