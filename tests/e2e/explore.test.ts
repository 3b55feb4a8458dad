/** Looking at results: cells by link, keyboard and pointer; tables; text that holds markup; themes. */
import type { Page } from 'playwright-core'
import { beforeAll, expect, it } from 'vitest'
import { cellsShown, untilState } from './support/run-page.ts'
import { FIGURE, setStage } from './support/setup.ts'

const stage = setStage()

let run = ''

beforeAll(async () => {
  run = await stage.finishedRun()
})

async function openRun(query = ''): Promise<Page> {
  const page = await stage.open()
  await page.goto(`${stage.origin}/run/${run}${query}`)
  await untilState(page, 'done')
  return page
}

it('finds a run again by its link, with the cell that was open', async () => {
  const page = await openRun('?figure=cells&cell=9')
  const cell = page.getByRole('complementary', { name: 'Cell' })
  await cell.getByText('taken from the clean prompt').waitFor()
  expect(await cell.getByRole('list', { name: "Prompt's tokens" }).getByText('(patched)').count()).toBe(1)
  expect(await cell.getByRole('table', { name: 'Top tokens' }).getByRole('row').count()).toBeGreaterThan(10)
  await page.keyboard.press('Escape')
  await cell.waitFor({ state: 'detached' })
  expect(page.url()).toBe(`${stage.origin}/run/${run}`)
})

it('walks the cells with the keyboard and opens one', async () => {
  const page = await openRun()
  const grid = page.getByRole('grid', { name: FIGURE })
  await grid.focus()
  for (const key of ['ArrowDown', 'ArrowRight', 'ArrowRight', 'ArrowLeft']) await page.keyboard.press(key)
  const cell = page.locator(`[id="${await grid.getAttribute('aria-activedescendant')}"]`)
  expect(await cell.textContent()).toMatch(/^row 1, position 1 “the”: /)
  await page.keyboard.press('Enter')
  await page
    .getByRole('complementary', { name: 'Cell' })
    .getByRole('heading', { name: /^row 1, position 1/ })
    .waitFor()
  await expect.poll(() => new URL(page.url()).searchParams.get('figure')).toBe('cells')
})

it('opens the cell that was clicked', async () => {
  const page = await openRun()
  const box = await page.getByRole('figure', { name: FIGURE }).locator('canvas').boundingBox()
  if (box === null) throw new Error('the plot has no area')
  const columns = ((await cellsShown(page, FIGURE))?.all ?? 0) / 6
  await page.mouse.move(box.x + (2.5 * box.width) / columns, box.y + (3.5 * box.height) / 6)
  await page.locator('.cell-tooltip').getByText('row').waitFor()
  await page.mouse.down()
  await page.mouse.up()
  await page
    .getByRole('complementary', { name: 'Cell' })
    .getByRole('heading', { name: /^row 3, position 2/ })
    .waitFor()
})

it('sorts a table by any column, numbers as numbers', async () => {
  const page = await openRun()
  const table = page.getByRole('table', { name: 'Rows of cells' })
  const firstRow = () => table.getByRole('row').nth(1).textContent()
  await table.getByRole('button', { name: 'row' }).click()
  expect(await firstRow()).toBe('10ten')
  await table.getByRole('button', { name: 'row' }).click()
  expect(await firstRow()).toBe('2<b>two</b>')
  expect(await table.getByRole('columnheader', { name: 'row' }).getAttribute('aria-sort')).toBe('ascending')
})

it('shows markup in tokens, prompts, notes and captions as the text it is', async () => {
  const page = await openRun()
  expect(await page.locator('main b:text-is("cell")').count()).toBe(0)
  await page.getByText('Every <b>cell</b> is a sine.').waitFor()
  await page.getByRole('heading', { name: 'sine <b>of</b> the index' }).waitFor()
  await page.getByText('Every seventh <b>cell</b>.').waitFor()
  const prompt = 'the <i>&amp; is'
  await page.getByText('parameters').click()
  await page.getByText(prompt, { exact: true }).waitFor()
  const labels = page.locator('.x-ticks text')
  await labels.first().waitFor({ state: 'attached' })
  const ticks = await labels.allTextContents()
  expect(ticks.join('').replaceAll('·', ' ')).toContain(prompt)
  expect(await page.locator('main i').count()).toBe(0)
})

it.each(['light', 'dark'] as const)('follows the %s system, and keeps the other when asked to', async scheme => {
  const page = await stage.open({ colorScheme: scheme })
  await page.goto(`${stage.origin}/`)
  await page.getByRole('heading', { level: 1 }).first().waitFor()
  const theme = () => page.locator('html').getAttribute('data-theme')
  expect(await theme()).toBe(scheme)
  const other = scheme === 'light' ? 'dark' : 'light'
  await page.getByRole('radio', { name: other, exact: false }).check({ force: true })
  expect(await theme()).toBe(other)
  await page.reload()
  expect(await theme()).toBe(other)
  const background = await page.evaluate(() => getComputedStyle(document.body).backgroundColor)
  expect(background).toBe(other === 'light' ? 'rgb(246, 246, 243)' : 'rgb(20, 22, 26)')
})
