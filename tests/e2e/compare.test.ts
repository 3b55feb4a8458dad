/** Comparing runs in the page: chosen by keyboard, linked cells, scales, what differs, refusals, files. */
import { readFileSync } from 'node:fs'
import type { Page } from 'playwright-core'
import { beforeAll, expect, it } from 'vitest'
import { closedGate } from './support/gate.ts'
import { untilState } from './support/run-page.ts'
import { setStage } from './support/setup.ts'

const stage = setStage()
/** Token labels of `the <i>&amp; is` and of a prompt with one more in front. */
const LONGER = { clean: 'so the <b>&amp; is', corrupted: 'so the <i>&amp; is', rows: 4 }
const OTHER = { clean: 'where do we go', corrupted: 'where do you go', rows: 6 }
let a = ''
let b = ''
let other = ''

beforeAll(async () => {
  a = await stage.finishedRun()
  b = await stage.finishedRun(LONGER)
  other = await stage.finishedRun(OTHER)
})

async function compare(runs: readonly string[], query = ''): Promise<Page> {
  const page = await stage.open()
  await page.goto(`${stage.origin}/compare?runs=${runs.join(',')}${query}`)
  return page
}

const panel = (page: Page, name: string) => page.getByRole('figure', { name, exact: true })

it('leads from a run’s header to a choice, and by keyboard to A, B and A − B', async () => {
  const page = await stage.open()
  await page.goto(`${stage.origin}/run/${a}`)
  await untilState(page, 'done')
  await page.getByRole('link', { name: 'Compare with…' }).press('Enter')
  await page.getByRole('heading', { name: 'Choose what to compare it with' }).waitFor()
  await page.getByRole('searchbox', { name: 'Search runs to compare' }).fill('so the')
  await page.getByRole('list', { name: 'Runs for B' }).getByRole('button').first().press('Enter')
  for (const name of ['A', 'B', 'A − B']) await panel(page, name).waitFor()
  await expect.poll(() => new URL(page.url()).searchParams.get('runs')).toBe(`${a},${b}`)
  await page.getByRole('button', { name: /^Make A of run B/ }).press('Enter')
  await page.waitForURL(url => url.searchParams.get('runs') === `${b},${a}`)
  await page.getByRole('button', { name: 'Remove run B' }).press('Enter')
  await page.getByRole('heading', { name: 'Choose what to compare it with' }).waitFor()
})

it('aligns prompts of different length by equal tokens and rows by name, and says so', async () => {
  const page = await compare([a, b])
  const notes = page.getByRole('list', { name: 'How the runs were aligned' })
  await notes.getByText(/row: what all runs have, 4 of A’s 6 and 4 of B’s 4/).waitFor()
  await notes.getByText(/position: aligned by equal tokens/).waitFor()
  const table = page.getByRole('table', { name: 'Parameters' })
  await table.getByRole('row', { name: /Rows \(differs\) 6 4/ }).waitFor()
  expect(await table.locator('mark').first().textContent()).toBe('so ')
  // Every value of A − B is that of A minus that of B at the same row and token.
  const json = await (await fetch(`${stage.origin}/api/compare/cells.json?runs=${a},${b}`)).json()
  const [left, right, difference] = json.figures
  expect(left.x.ticks.length * 4).toBe(difference.values.length)
  expect(difference.values).toEqual(left.values.map((value: number, i: number) => value - right.values[i]))
})

it('links the panels: a cell walked to in one is read in all, kept by Enter, found again by its link', async () => {
  const page = await compare([a, b])
  const grid = panel(page, 'A').getByRole('grid')
  await grid.focus()
  for (const key of ['ArrowDown', 'ArrowRight', 'ArrowRight']) await page.keyboard.press(key)
  const cell = page.getByRole('region', { name: 'Cell', exact: true })
  await cell.getByRole('heading', { name: /^row 1, position 2/ }).waitFor()
  const values = await cell.getByRole('definition').allTextContents()
  expect(values).toHaveLength(3)
  await page.keyboard.press('Enter')
  await cell.getByRole('link', { name: 'Open it in B' }).waitFor()
  const selected = panel(page, 'B').getByRole('gridcell', { selected: true })
  await selected.waitFor({ state: 'attached' })
  expect(await selected.textContent()).toMatch(/^row 1, position 2/)

  const again = await stage.open()
  await expect.poll(() => new URL(page.url()).searchParams.has('cell')).toBe(true)
  await again.goto(page.url())
  await again
    .getByRole('region', { name: 'Cell', exact: true })
    .getByRole('heading', { name: /^row 1, position 2/ })
    .waitFor()
  expect(
    await again.getByRole('region', { name: 'Cell', exact: true }).getByRole('definition').allTextContents(),
  ).toEqual(values)
  await again.keyboard.press('Escape')
  await again.getByRole('region', { name: 'Cell', exact: true }).waitFor({ state: 'detached' })

  // The same cell of the run itself: its own row and position there.
  await cell.getByRole('link', { name: 'Open it in B' }).click()
  await page.waitForURL(/\/run\//)
  await page
    .getByRole('complementary', { name: 'Cell', exact: true })
    .getByRole('heading', { name: /^row 1/ })
    .waitFor()
})

it('shows all panels on one scale, or A − B on its own, and keeps it in the address', async () => {
  const page = await compare([a, b])
  const bars = page.getByRole('img', { name: /^Colours: / })
  await bars.first().waitFor()
  expect(await bars.count()).toBe(1)
  await page.getByRole('radio', { name: 'A − B on its own' }).press('Space')
  await bars.nth(1).waitFor()
  await expect.poll(() => new URL(page.url()).searchParams.get('scale')).toBe('own')
  await page.reload()
  await bars.nth(1).waitFor()
})

it('refuses in words what cannot be compared', async () => {
  const page = await compare([b, other])
  const alert = page.getByRole('alert')
  await alert.getByText('These figures cannot be compared.').waitFor()
  expect(await alert.textContent()).toMatch(/position: A has \d+ tokens and B \d+, and only/)
  const gone = await compare([a, 'no-such-run'])
  await gone.getByText(/run "no-such-run": there is none of that name/).waitFor()
})

it('fills as a run fills', async () => {
  const gate = closedGate()
  const running = await stage.startedRun({ gate: gate.path })
  const page = await compare([a, running])
  await panel(page, 'A − B')
    .getByText(/^(\d+) \/ \d+ cells$/)
    .waitFor()
  const filled = async () => {
    const [, some, all] =
      /^(\d+) \/ (\d+)/.exec(
        (await panel(page, 'A − B')
          .getByText(/cells$/)
          .textContent()) ?? '',
      ) ?? []
    return [Number(some), Number(all)]
  }
  await expect.poll(async () => (await filled())[0], { timeout: 20_000 }).toBeGreaterThan(0)
  const [some = 0, all = 0] = await filled()
  expect(2 * some).toBe(all)
  gate.open()
  await expect.poll(filled, { timeout: 20_000 }).toEqual([all, all])
})

it('exports the comparison as it is seen', async () => {
  const page = await compare([a, b])
  await page.getByRole('button', { name: 'Export Slow cells, compared' }).click()
  const dialog = page.getByRole('dialog', { name: 'Export Slow cells, compared' })
  await dialog.getByRole('radio', { name: 'SVG' }).check({ force: true })
  await dialog.getByRole('img', { name: /as it will be written/ }).waitFor()
  const waiting = page.waitForEvent('download')
  await dialog.getByRole('link', { name: 'Download SVG' }).click()
  const file = await waiting
  expect(file.suggestedFilename()).toBe(`${a}-vs-${b}-cells.svg`)
  const svg = readFileSync(await file.path(), 'utf8')
  for (const text of ['A', 'B', 'A − B']) expect(svg).toContain(`>${text}</text>`)
  // Differences alone keep the scale that they have on the page.
  const link = dialog.getByRole('link', { name: 'Download SVG' })
  await dialog.getByRole('checkbox', { name: 'The runs’ own panels beside A − B' }).uncheck()
  const scale = dialog.getByRole('checkbox', { name: /^Colours from −[\d.]+ to [\d.]+, as on the page$/ })
  expect(await scale.isChecked()).toBe(true)
  const asked = new URL((await link.getAttribute('href')) ?? '', stage.origin).searchParams
  expect(asked.get('only')).toBe('difference')
  expect(asked.get('scale')).toMatch(/^-[\d.]+:[\d.]+$/)
  await page.keyboard.press('Escape')
  await page.getByRole('radio', { name: 'A − B on its own' }).press('Space')
  await page.getByRole('button', { name: 'Export Slow cells, compared' }).click()
  await link.waitFor()
  expect(await scale.count()).toBe(0)
})
