/** The page around its views: what it is called, what stays in sight on a narrow window, what a key closes. */
import type { Page } from 'playwright-core'
import { expect, it } from 'vitest'
import { setStage } from './support/setup.ts'

const stage = setStage()
const PHONE = { viewport: { width: 360, height: 740 } }

const drawer = (page: Page) => page.getByRole('complementary', { name: 'Cell' })

it('an empty workbench is shown at once, with one first heading', async () => {
  const page = await stage.open()
  let answer = () => {}
  const held = new Promise<void>(resolve => {
    answer = resolve
  })
  await page.route('**/api/runs', async route => {
    await held
    await route.continue()
  })
  const asked = page.waitForResponse('**/api/studies')
  await page.goto(`${stage.origin}/`)
  await asked
  // Had the studies come first, the invitation would push them away.
  expect(await page.getByRole('list', { name: 'Studies' }).count()).toBe(0)
  answer()
  await page.getByRole('heading', { name: 'See which parts of a model carry an answer' }).waitFor()
  await page.getByRole('list', { name: 'Studies' }).getByRole('link').first().waitFor()
  expect(await page.getByRole('heading', { level: 1 }).count()).toBe(1)
})

it('a tab is called after what it shows', async () => {
  const run = await stage.finishedRun()
  const page = await stage.open()
  await page.goto(`${stage.origin}/run/${run}`)
  await expect.poll(() => page.title()).toMatch(/· Slow study · Patchlight$/)
  await page.getByRole('link', { name: 'Generate', exact: true }).click()
  await expect.poll(() => page.title()).toBe('Generate · Patchlight')
  await page.goBack()
  await expect.poll(() => page.title()).toMatch(/· Slow study · Patchlight$/)
})

it('a run that began while the list was on its way stays in it', async () => {
  const before = await stage.finishedRun()
  const page = await stage.open()
  let answer = () => {}
  const held = new Promise<void>(resolve => {
    answer = resolve
  })
  await page.route('**/api/runs', async route => {
    const response = await route.fetch()
    await held
    await route.fulfill({ response })
  })
  const asked = page.waitForRequest('**/api/runs')
  await page.goto(`${stage.origin}/doctor`)
  await asked
  const runs = page.getByRole('navigation', { name: 'Runs' })
  const row = (run: string) => runs.locator(`a[href="/run/${run}"]`)
  await page.getByRole('link', { name: 'Patchlight, home' }).click()
  const during = await stage.finishedRun({ rows: 3 })
  await row(during).waitFor()
  answer()
  await row(before).waitFor()
  expect(await row(during).count()).toBe(1)
})

it('Escape in a dialog closes the dialog, and leaves the cell under it open', async () => {
  const run = await stage.finishedRun()
  const page = await stage.open()
  await page.goto(`${stage.origin}/run/${run}?figure=cells&cell=8`)
  await drawer(page).waitFor()
  await page.getByRole('button', { name: 'Export Slow cells' }).press('Enter')
  const dialog = page.getByRole('dialog')
  await dialog.getByRole('button', { name: 'Close export' }).press('Escape')
  await dialog.waitFor({ state: 'detached' })
  expect(await drawer(page).count()).toBe(1)
  await drawer(page).press('Escape')
  await drawer(page).waitFor({ state: 'detached' })
})

it('on a phone nothing is wider than the window, and a cell that a link opens is not under its drawer', async () => {
  const run = await stage.finishedRun({ rows: 12 })
  const page = await stage.open(PHONE)
  await page.goto(`${stage.origin}/run/${run}?figure=cells&cell=8`)
  await drawer(page).getByRole('table', { name: 'Top tokens' }).waitFor()
  const tooWide = await page.evaluate(() =>
    [...document.querySelectorAll('.run-header *, .token-strip *, .figure-caption *')]
      .filter(element => element.getBoundingClientRect().right > window.innerWidth)
      .map(element => element.textContent),
  )
  expect(tooWide).toEqual([])
  const roomAbove = async () => {
    const cells = await page.getByRole('figure', { name: 'Slow cells' }).boundingBox()
    const over = await drawer(page).boundingBox()
    return (over?.y ?? 0) - (cells?.y ?? 0)
  }
  await expect.poll(roomAbove).toBeGreaterThan(100)
})
