/** A run in the page, from the form to its end: seen to fill, stopped, gone on with, found again. */
import { expect, it } from 'vitest'
import { closedGate } from './support/gate.ts'
import { cellsShown, startFromForm, stateShown, untilHalf, untilState } from './support/run-page.ts'
import { serve } from './support/server.ts'
import { FIGURE, SLOW_STUDY, setStage } from './support/setup.ts'

const stage = setStage()

it('starts from the form; cells arrive before it ends, and all of them by then', async () => {
  const gate = closedGate()
  const page = await stage.open()
  await startFromForm(page, stage.origin, gate.path)
  const half = await untilHalf(page, FIGURE)
  expect(await stateShown(page)).toBe('running')
  await page.getByRole('figure', { name: FIGURE }).locator('canvas').waitFor()
  const bar = page.getByRole('progressbar', { name: 'Progress', exact: true })
  expect(Number(await bar.getAttribute('aria-valuenow'))).toBeGreaterThan(0)
  expect(await bar.getAttribute('aria-valuemax')).toBe(String(2 * half))
  gate.open()
  await untilState(page, 'done')
  expect(await cellsShown(page, FIGURE)).toEqual({ filled: 2 * half, all: 2 * half })
})

it('cancels, and goes on from there', async () => {
  const gate = closedGate()
  const page = await stage.open()
  await startFromForm(page, stage.origin, gate.path)
  const half = await untilHalf(page, FIGURE)
  await page.getByRole('button', { name: 'Cancel' }).click()
  await untilState(page, 'cancelled')
  expect((await cellsShown(page, FIGURE))?.filled).toBe(half)
  gate.open()
  await page.getByRole('button', { name: 'Resume' }).click()
  await untilState(page, 'done')
  expect((await cellsShown(page, FIGURE))?.filled).toBe(2 * half)
})

it('loses nothing when the page is reloaded in the middle', async () => {
  const gate = closedGate()
  const page = await stage.open()
  await startFromForm(page, stage.origin, gate.path)
  const half = await untilHalf(page, FIGURE)
  await page.reload()
  expect(await untilHalf(page, FIGURE)).toBe(half)
  gate.open()
  await untilState(page, 'done')
  expect((await cellsShown(page, FIGURE))?.filled).toBe(2 * half)
})

it('shows two tabs the same', async () => {
  const gate = closedGate()
  const first = await stage.open()
  const run = await startFromForm(first, stage.origin, gate.path)
  const half = await untilHalf(first, FIGURE)
  const second = await stage.open()
  await second.goto(`${stage.origin}/run/${run}`)
  expect(await untilHalf(second, FIGURE)).toBe(half)
  expect(await stateShown(second)).toBe('running')
  gate.open()
  await Promise.all([untilState(first, 'done'), untilState(second, 'done')])
  expect(await cellsShown(second, FIGURE)).toEqual(await cellsShown(first, FIGURE))
  const rows = (page: typeof first) => page.getByRole('table', { name: 'Rows of cells' }).textContent()
  expect(await rows(second)).toBe(await rows(first))
})

it('recovers when the server dies in the middle and comes back, and the run resumes', async () => {
  const gate = closedGate()
  const page = await stage.open()
  await startFromForm(page, stage.origin, gate.path)
  const half = await untilHalf(page, FIGURE)
  const { port, runsDir } = stage.served
  await stage.served.kill()
  await page.getByRole('alert').getByText('The server does not answer').waitFor()
  expect((await cellsShown(page, FIGURE))?.filled).toBe(half)

  stage.served = await serve({ studies: [SLOW_STUDY], port, runsDir })
  await page.getByRole('alert').waitFor({ state: 'detached' })
  await untilState(page, 'interrupted')
  gate.open()
  await page.getByRole('button', { name: 'Resume' }).click()
  await untilState(page, 'done')
  expect(await cellsShown(page, FIGURE)).toEqual({ filled: 2 * half, all: 2 * half })
  await page.getByRole('figure', { name: FIGURE }).locator('canvas').waitFor()
})
