/** The page around its views: what it is called, what stays in sight on a narrow window, what a key closes. */
import type { Page } from 'playwright-core'
import { expect, it } from 'vitest'
import { holdRequests } from './support/held.ts'
import { serve } from './support/server.ts'
import { SLOW_STUDY, setStage } from './support/setup.ts'

const stage = setStage()
const PHONE = { viewport: { width: 360, height: 740 } }

const drawer = (page: Page) => page.getByRole('complementary', { name: 'Cell' })

it('an empty workbench is shown at once, with one first heading', async () => {
  const page = await stage.open()
  const answer = await holdRequests(page, '**/api/runs')
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
  const answer = await holdRequests(page, '**/api/runs', async (route, held) => {
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

it('a run with a long note does not jump when the list of runs comes after it', async () => {
  const run = await stage.finishedRun()
  const headers = { 'content-type': 'application/json' }
  const body = JSON.stringify({ note: 'What stands out, and what to try next. '.repeat(80), addTags: ['paper'] })
  await fetch(`${stage.origin}/api/runs/${run}/meta`, { method: 'POST', headers, body })
  const page = await stage.open(PHONE)
  const answer = await holdRequests(page, '**/api/runs')
  const told = new Promise<void>(resolve => {
    page.on('websocket', socket =>
      socket.on('framereceived', ({ payload }) => {
        if (payload.toString().includes('"snapshot"')) resolve()
      }),
    )
  })
  await page.goto(`${stage.origin}/run/${run}`)
  await told
  // Two frames on, whatever the snapshot alone shows has been painted.
  await page.evaluate(() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done))))
  const shifts = page.evaluate(
    () =>
      new Promise<number>(resolve => {
        let sum = 0
        new PerformanceObserver(list => {
          for (const entry of list.getEntries()) if ('value' in entry) sum += Number(entry.value)
        }).observe({ type: 'layout-shift', buffered: true })
        const seen = () => {
          if (document.querySelector('.run-bar-note') === null) requestAnimationFrame(seen)
          // The figure below it measures itself, and is painted.
          else requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(() => resolve(sum))))
        }
        seen()
      }),
  )
  answer()
  expect(await shifts).toBeLessThan(0.02)
})

it('nothing of a figure leaves its card, however narrow the drawer makes that', async () => {
  const run = await stage.finishedRun()
  const page = await stage.open({ viewport: { width: 1190, height: 800 } })
  await page.goto(`${stage.origin}/run/${run}?figure=cells&cell=8&tab=attention`)
  await drawer(page).getByRole('tab', { name: 'Attention', selected: true }).waitFor()
  const over = await page.locator('.figure-group').evaluate(card => {
    const { right } = card.getBoundingClientRect()
    const inside = [...card.querySelectorAll('*')].filter(one => one.getClientRects().length > 0)
    return inside.filter(one => one.getBoundingClientRect().right > right).map(one => one.className)
  })
  expect(over).toEqual([])
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

it('an expanded cell begins under the head of the page, however high that is, and under what it says', async () => {
  const run = await stage.finishedRun()
  const pages = [await stage.open(), await stage.open(PHONE)]
  for (const page of pages) {
    await page.goto(`${stage.origin}/run/${run}?figure=cells&cell=8`)
    await drawer(page).getByRole('button', { name: 'Expand cell' }).press('Enter')
  }
  const { port, runsDir } = stage.served
  await stage.served.stop()
  try {
    for (const page of pages) {
      const banner = page.getByRole('alert').filter({ hasText: 'The server does not answer' })
      await banner.waitFor()
      const edges = async () => {
        const [told, over] = [await banner.boundingBox(), await drawer(page).boundingBox()]
        return {
          under: Math.round((over?.y ?? 0) - (told?.y ?? 0) - (told?.height ?? 0)),
          inSight: (told?.y ?? -1) >= 0,
        }
      }
      await expect.poll(edges).toEqual({ under: 0, inSight: true })
      const end = await drawer(page).evaluate(cell => cell.getBoundingClientRect().bottom - window.innerHeight)
      expect(Math.round(end)).toBe(0)
    }
  } finally {
    stage.served = await serve({ studies: [SLOW_STUDY], port, runsDir })
  }
})
