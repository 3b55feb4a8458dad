/** Past runs in the page: found, named, deleted and brought back, duplicated, saved as a file and read again. */
import { readFileSync } from 'node:fs'
import type { Locator, Page } from 'playwright-core'
import { afterEach, expect, it } from 'vitest'
import type { RunSummary } from '../../studies/runs/events.ts'
import { closedGate } from './support/gate.ts'
import { cellsShown, startFromForm, startRun, untilHalf, untilState } from './support/run-page.ts'
import { serve } from './support/server.ts'
import { FIGURE, SLOW_STUDY, setStage } from './support/setup.ts'

const stage = setStage()

/** Another try begins without the runs of the first. */
afterEach(async ({ task }) => {
  if (task.result?.state !== 'fail') return
  await stage.served.remove()
  stage.served = await serve({ studies: [SLOW_STUDY] })
})

const found = (page: Page) => page.getByRole('list', { name: 'Runs found' })
/** The row of a run by its name. */
const rowOf = (page: Page, name: string): Locator =>
  found(page)
    .getByRole('listitem')
    .filter({ has: page.getByRole('link', { name, exact: true }) })

async function openHistory(query = ''): Promise<Page> {
  const page = await stage.open()
  await page.goto(`${stage.origin}/runs${query}`)
  await found(page).waitFor()
  return page
}

/** A finished run with a name of its own. */
async function namedRun(name: string): Promise<string> {
  const id = await stage.finishedRun()
  await post(`/api/runs/${id}/meta`, { name })
  return id
}

async function post(path: string, body: unknown): Promise<void> {
  const headers = { 'content-type': 'application/json' }
  await fetch(`${stage.origin}${path}`, { method: 'POST', headers, body: JSON.stringify(body) })
}

async function listed(): Promise<readonly RunSummary[]> {
  return (await fetch(`${stage.origin}/api/runs`)).json()
}

it('names a run with the keyboard; another tab, a search, and a new server know it', async () => {
  const id = await namedRun('Before')
  const page = await openHistory()
  const other = await openHistory()
  await rowOf(page, 'Before').getByRole('button', { name: 'Edit name, note and tags of Before' }).press('Enter')
  // The name has the focus: what is typed goes there.
  await page.keyboard.press('ControlOrMeta+A')
  await page.keyboard.type('Morning heads')
  await page.keyboard.press('Tab')
  await page.keyboard.type('paper, am/pm')
  await page.keyboard.press('Tab')
  await page.keyboard.type('Head 3.1 <b>stands</b> out.')
  await page.keyboard.press('Tab')
  await page.keyboard.press('Enter')
  // The form still holds the note until it is saved.
  await rowOf(page, 'Morning heads').getByRole('textbox').first().waitFor({ state: 'detached' })
  await rowOf(page, 'Morning heads').getByText('Head 3.1 <b>stands</b> out.').waitFor()
  await rowOf(other, 'Morning heads').getByRole('button', { name: 'am/pm' }).waitFor()

  await other.getByRole('searchbox', { name: 'Search all runs' }).fill('stands paper')
  await other
    .getByRole('status', { name: 'Runs found' })
    .getByText(/^1 of \d+ runs?$/)
    .waitFor()
  await expect.poll(() => new URL(other.url()).search).toBe('?search=stands+paper')
  // The sidebar's search finds it too.
  const sidebar = other.getByRole('navigation', { name: 'Runs' })
  await sidebar.getByRole('searchbox', { name: 'Search runs' }).fill('morning')
  await sidebar.getByRole('link', { name: /^Slow study.*Morning heads done$/ }).waitFor()

  const { port, runsDir } = stage.served
  await stage.served.stop()
  stage.served = await serve({ studies: [SLOW_STUDY], port, runsDir })
  await other.reload()
  await rowOf(other, 'Morning heads').getByText('Head 3.1 <b>stands</b> out.').waitFor()
  expect((await listed()).find(run => run.id === id)?.meta.tags).toEqual(['paper', 'am/pm'])
})

it('shows the first figure of each run in small', async () => {
  await namedRun('Pictured')
  const page = await openHistory()
  const picture = rowOf(page, 'Pictured').locator('img')
  await expect
    .poll(() => picture.evaluate(image => (image instanceof HTMLImageElement ? image.naturalHeight : 0)))
    .toBe(6)
})

it('stars, archives, filters and sorts; the address brings the view back', async () => {
  await namedRun('Alpha')
  await namedRun('Omega')
  const page = await openHistory('?sort=name')
  const names = () => found(page).locator('.run-card-name').allTextContents()
  const order = (await names()).filter(name => ['Alpha', 'Omega'].includes(name))
  expect(order).toEqual(['Alpha', 'Omega'])
  await page.getByLabel('Sort').selectOption('newest')
  await expect.poll(async () => (await names())[0]).toBe('Omega')

  const star = rowOf(page, 'Alpha').getByRole('button', { name: 'Star Alpha' })
  await star.press('Space')
  await expect.poll(() => star.getAttribute('aria-pressed')).toBe('true')
  await page.getByRole('radio', { name: 'Starred' }).press('Space')
  await expect.poll(names).toEqual(['Alpha'])
  const again = await stage.open()
  await expect.poll(() => new URL(page.url()).searchParams.get('starred')).toBe('1')
  await again.goto(page.url())
  await expect.poll(() => found(again).locator('.run-card-name').allTextContents()).toEqual(['Alpha'])

  await rowOf(page, 'Alpha').getByRole('button', { name: 'Archive Alpha' }).click()
  await expect.poll(names).toEqual([])
  await page.getByRole('radio', { name: 'Archived' }).check({ force: true })
  await expect.poll(names).toEqual(['Alpha'])
  await page.getByRole('status', { name: 'Messages' }).getByRole('button', { name: 'Undo' }).click()
  await expect.poll(names).toEqual([])
})

it('goes from run to run with the arrow keys', async () => {
  await namedRun('Second')
  await namedRun('First')
  const page = await openHistory()
  await page.getByRole('link', { name: 'First', exact: true }).focus()
  await page.keyboard.press('ArrowDown')
  expect(await page.evaluate(() => document.activeElement?.textContent)).toBe('Second')
  await page.keyboard.press('ArrowUp')
  await page.keyboard.press('Enter')
  await untilState(page, 'done')
  await page.getByText('First', { exact: true }).first().waitFor()
})

it('deletes with undo; what was deleted comes back whole, at once or later', async () => {
  const id = await namedRun('Mistake')
  const page = await openHistory()
  const other = await openHistory()
  await rowOf(page, 'Mistake').getByRole('button', { name: 'Delete Mistake' }).click()
  await rowOf(page, 'Mistake').waitFor({ state: 'detached' })
  await rowOf(other, 'Mistake').waitFor({ state: 'detached' })
  await page.getByRole('button', { name: 'Undo' }).click()
  await rowOf(other, 'Mistake').waitFor()

  await page.goto(`${stage.origin}/run/${id}`)
  await untilState(page, 'done')
  const all = await cellsShown(page, FIGURE)
  await page.getByRole('button', { name: 'Delete', exact: true }).press('Enter')
  await page.waitForURL(`${stage.origin}/`)
  await page.goto(`${stage.origin}/runs?deleted=1`)
  const trash = page.getByRole('list', { name: 'Deleted runs' })
  await trash.getByRole('button', { name: 'Restore Mistake' }).press('Enter')
  await trash.getByRole('button', { name: 'Restore Mistake' }).waitFor({ state: 'detached' })
  await page.goto(`${stage.origin}/run/${id}`)
  await untilState(page, 'done')
  expect(await cellsShown(page, FIGURE)).toEqual(all)
})

it('does not delete a run that computes, and says why', async () => {
  const gate = closedGate()
  const page = await stage.open()
  await startFromForm(page, stage.origin, gate.path)
  await untilHalf(page, FIGURE)
  await page.getByRole('button', { name: 'Delete', exact: true }).click()
  await page.getByRole('alert').getByText('it cannot be deleted while it computes or waits; cancel it first').waitFor()
  gate.open()
  await untilState(page, 'done')
})

it('duplicates a run into a form with exactly its parameters and seed', async () => {
  const headers = { 'content-type': 'application/json' }
  const asked = {
    study: 'slow',
    preset: 'tall',
    params: { clean: 'the <u>&amp; is', corrupted: 'the <i>&amp; is', rows: 3 },
    seed: 7,
  }
  const started = await fetch(`${stage.origin}/api/runs`, { method: 'POST', headers, body: JSON.stringify(asked) })
  const { id }: RunSummary = await started.json()
  const page = await stage.open()
  await page.goto(`${stage.origin}/run/${id}`)
  await untilState(page, 'done')
  await page.getByRole('link', { name: 'Duplicate' }).press('Enter')
  await page.getByRole('textbox', { name: 'Rows' }).waitFor()
  expect(await page.getByRole('textbox', { name: 'Clean prompt' }).inputValue()).toBe('the <u>&amp; is')
  expect(await page.getByRole('textbox', { name: 'Rows' }).inputValue()).toBe('3')
  const copy = await startRun(page)
  expect(copy).not.toBe(id)
  await untilState(page, 'done')
  const record = async (run: string) => {
    const { id: _, createdAt, ...rest } = await (await fetch(`${stage.origin}/api/runs/${run}/record`)).json()
    return { ...rest, createdAt: typeof createdAt }
  }
  expect(await record(copy)).toEqual(await record(id))
})

it('saves a run as a file, and takes it back: chosen, dropped, and refused where it is none', async () => {
  await namedRun('Travelling')
  const page = await openHistory()
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    rowOf(page, 'Travelling').getByRole('link', { name: 'Save Travelling as a file' }).click(),
  ])
  expect(download.suggestedFilename()).toMatch(/-slow-[a-z0-9]{4}\.patchlight$/)
  const file = await download.path()
  const count = () => page.getByRole('link', { name: 'Travelling', exact: true }).count()
  await page.getByLabel('Run files to import').setInputFiles({
    name: 'travelling.patchlight',
    mimeType: 'application/gzip',
    buffer: readFileSync(file),
  })
  await expect.poll(count).toBe(2)
  await rowOf(page, 'Travelling').getByText('imported', { exact: true }).waitFor()

  const bytes = readFileSync(file).toString('base64')
  const dropped = await page.evaluateHandle(base64 => {
    const content = Uint8Array.from(atob(base64), letter => letter.charCodeAt(0))
    const transfer = new DataTransfer()
    transfer.items.add(new File([content], 'again.patchlight'))
    transfer.items.add(new File(['{}'], 'broken.patchlight'))
    return transfer
  }, bytes)
  const target = page.getByRole('region', { name: 'History' })
  await target.dispatchEvent('dragover', { dataTransfer: dropped })
  await page.getByText('Drop to import').waitFor()
  await target.dispatchEvent('drop', { dataTransfer: dropped })
  await expect.poll(count).toBe(3)
  await page.getByRole('alert').getByText('broken.patchlight: archive: it is damaged, or no archive of a run').waitFor()

  // An imported run opens, and its cells can be looked at, like any other.
  await page.getByRole('link', { name: 'Travelling', exact: true }).first().click()
  await untilState(page, 'done')
  const shown = await cellsShown(page, FIGURE)
  expect(shown?.filled).toBe(shown?.all)
})

it('by key alone nothing loses the focus: notes, tags, archive, delete, undo, restore', async () => {
  for (const name of ['Gamma', 'Beta', 'Alpha'])
    await post(`/api/runs/${await namedRun(name)}/meta`, { addTags: ['keys'] })
  const page = await openHistory('?tag=keys&sort=name')
  await rowOf(page, 'Alpha').waitFor()
  const focused = () =>
    page.evaluate(() => document.activeElement?.getAttribute('aria-label') ?? document.activeElement?.textContent)
  const edit = 'Edit name, note and tags of Alpha'
  await rowOf(page, 'Alpha').getByRole('button', { name: edit }).press('Enter')
  await page.keyboard.press('Escape')
  await expect.poll(focused).toBe(edit)

  await rowOf(page, 'Alpha').getByRole('button', { name: 'keys' }).press('Enter')
  await expect.poll(() => new URL(page.url()).searchParams.get('tag')).toBeNull()
  await expect.poll(focused).toBe('keys')
  await page.keyboard.press('Enter')
  await expect.poll(() => new URL(page.url()).searchParams.get('tag')).toBe('keys')

  await rowOf(page, 'Alpha').getByRole('button', { name: 'Archive Alpha' }).press('Enter')
  await expect.poll(focused).toBe('Beta')
  await rowOf(page, 'Gamma').getByRole('button', { name: 'Delete Gamma' }).press('Enter')
  await expect.poll(focused).toBe('Beta')
  const messages = page.getByRole('status', { name: 'Messages' })
  await messages.getByRole('button', { name: 'Undo' }).last().press('Enter')
  await rowOf(page, 'Gamma').waitFor()
  await expect.poll(focused).toBe('Beta')

  await rowOf(page, 'Gamma').getByRole('button', { name: 'Delete Gamma' }).press('Enter')
  await rowOf(page, 'Gamma').waitFor({ state: 'detached' })
  await page.getByRole('radio', { name: 'Deleted' }).press('Space')
  await page.getByRole('button', { name: 'Restore Gamma' }).press('Enter')
  await page.getByRole('button', { name: 'Restore Gamma' }).waitFor({ state: 'detached' })
  await expect.poll(() => page.evaluate(() => document.activeElement === document.body)).toBe(false)
})
