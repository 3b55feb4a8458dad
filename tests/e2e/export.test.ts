/** What leaves the page: a figure in a chosen format and width, seen before it is taken, and its numbers. */
import { readFileSync } from 'node:fs'
import type { Locator, Page } from 'playwright-core'
import { beforeAll, expect, it } from 'vitest'
import { untilState } from './support/run-page.ts'
import { FIGURE, setStage } from './support/setup.ts'

const stage = setStage()
let run = ''

beforeAll(async () => {
  run = await stage.finishedRun()
})

async function openDialog(): Promise<{ page: Page; dialog: Locator }> {
  const page = await stage.open({ colorScheme: 'dark' })
  await page.goto(`${stage.origin}/run/${run}`)
  await untilState(page, 'done')
  await page.getByRole('button', { name: `Export ${FIGURE}` }).press('Enter')
  return { page, dialog: page.getByRole('dialog', { name: `Export ${FIGURE}` }) }
}

const choose = (dialog: Locator, format: string) => dialog.getByRole('radio', { name: format }).check({ force: true })

async function download(page: Page, dialog: Locator, format: string): Promise<{ name: string; bytes: Buffer }> {
  await choose(dialog, format)
  const waiting = page.waitForEvent('download')
  await dialog.getByRole('link', { name: `Download ${format}` }).click()
  const file = await waiting
  return { name: file.suggestedFilename(), bytes: readFileSync(await file.path()) }
}

it('SVG: in the width of a venue, vectors with the labels as text, as the preview showed', async () => {
  const { page, dialog } = await openDialog()
  await dialog.getByRole('combobox', { name: 'Width' }).selectOption({ label: 'ICML, one column (3.25 in)' })
  await choose(dialog, 'SVG')
  await dialog.getByText(/^3\.25 × [\d.]+ in, /).waitFor()
  const { name, bytes } = await download(page, dialog, 'SVG')
  expect(name).toBe(`${run}-cells.svg`)
  const text = bytes.toString()
  expect(text).toMatch(/^<svg [^>]*width="3\.25in"/)
  expect(text).not.toContain('<image')
  expect(text).toContain('sine &lt;b&gt;of&lt;/b&gt; the index')
  const shown = await dialog.getByRole('img').getAttribute('src')
  const preview = await page.evaluate(async address => (await fetch(address)).text(), shown ?? '').catch(() => null)
  // The policy may keep scripts from reading it; what is drawn is what counts then.
  if (preview !== null) expect(preview).toBe(text)
})

it('PNG: at a print resolution, on white whatever the theme', async () => {
  const { page, dialog } = await openDialog()
  await dialog.getByRole('combobox', { name: 'Width' }).selectOption({ label: 'Another width' })
  await dialog.getByRole('textbox', { name: 'Exactly' }).fill('2in')
  await choose(dialog, 'PNG')
  await dialog.getByRole('radio', { name: '600 dpi' }).check({ force: true })
  await dialog.getByText(/2 × [\d.]+ in, 1200 × \d+ pixels/).waitFor()
  const { bytes } = await download(page, dialog, 'PNG')
  expect(bytes.subarray(1, 4).toString()).toBe('PNG')
  expect(bytes.readUInt32BE(16)).toBe(1200)
  const corner = await page.evaluate(
    async data => {
      const image = new Image()
      image.src = data
      await image.decode()
      const canvas = document.createElement('canvas')
      canvas.width = image.width
      canvas.height = image.height
      const context = canvas.getContext('2d')
      context?.drawImage(image, 0, 0)
      return [...(context?.getImageData(1, 1, 1, 1).data ?? [])]
    },
    `data:image/png;base64,${bytes.toString('base64')}`,
  )
  expect(corner).toEqual([255, 255, 255, 255])
})

it('a width that cannot be is said at once, and nothing is offered until it is mended', async () => {
  const { dialog } = await openDialog()
  await choose(dialog, 'PDF')
  await dialog.getByRole('combobox', { name: 'Width' }).selectOption({ label: 'Another width' })
  const width = dialog.getByRole('textbox', { name: 'Exactly' })
  await width.fill('wide')
  await dialog
    .getByRole('alert')
    .getByText(/width: expected a length such as 3\.25in/)
    .waitFor()
  expect(await width.getAttribute('aria-invalid')).toBe('true')
  expect(await dialog.getByRole('link', { name: /^Download/ }).count()).toBe(0)
  await width.fill('89mm')
  await dialog.getByRole('link', { name: 'Download PDF' }).waitFor()
})

it('PDF and TeX: the one includes the other', async () => {
  const { page, dialog } = await openDialog()
  expect((await download(page, dialog, 'PDF')).bytes.subarray(0, 5).toString()).toBe('%PDF-')
  const { bytes } = await download(page, dialog, 'TeX')
  expect(bytes.toString()).toContain(`{${run}-cells.pdf}`)
  await dialog.getByRole('link', { name: 'and its PDF' }).waitFor()
})

it('title and caption are drawn when they are asked for, and choices are remembered', async () => {
  const { page, dialog } = await openDialog()
  await dialog.getByRole('checkbox', { name: 'Title above' }).press('Space')
  await dialog.getByRole('checkbox', { name: 'Caption below' }).press('Space')
  const { bytes } = await download(page, dialog, 'SVG')
  expect(bytes.toString()).toContain(`>${FIGURE}</text>`)
  expect(bytes.toString()).toContain('>Cell i holds sin(i).</text>')
  await page.keyboard.press('Escape')
  await dialog.waitFor({ state: 'detached' })
  // The focus is back on what opened it.
  expect(await page.evaluate(() => document.activeElement?.getAttribute('aria-label'))).toBe(`Export ${FIGURE}`)
  await page.reload()
  await page.getByRole('button', { name: `Export ${FIGURE}` }).press('Enter')
  expect(await dialog.getByRole('checkbox', { name: 'Caption below' }).isChecked()).toBe(true)
})

it('a colour scale that was typed on the page is the picture’s as well, unless it is not wanted', async () => {
  const page = await stage.open()
  await page.goto(`${stage.origin}/run/${run}?scale=-3:3`)
  await untilState(page, 'done')
  await page.getByRole('button', { name: `Export ${FIGURE}` }).press('Enter')
  const dialog = page.getByRole('dialog', { name: `Export ${FIGURE}` })
  const wide = (await download(page, dialog, 'SVG')).bytes.toString()
  expect(wide).toContain('>−2</text>')
  await dialog.getByRole('checkbox', { name: 'Colours from −3 to 3, as on the page' }).press('Space')
  expect((await download(page, dialog, 'SVG')).bytes.toString()).not.toContain('>−2</text>')
})

it('what the page shows is what the picture shows, unless the whole figure is wanted', async () => {
  const page = await stage.open()
  await page.goto(`${stage.origin}/run/${run}?transpose=1&layers=1-2`)
  await untilState(page, 'done')
  await page.getByRole('button', { name: `Export ${FIGURE}` }).press('Enter')
  const dialog = page.getByRole('dialog', { name: `Export ${FIGURE}` })
  const asShown = dialog.getByRole('checkbox', { name: 'As shown on the page: layers 1–2, transposed' })
  expect(await asShown.isChecked()).toBe(true)
  await dialog.getByRole('checkbox', { name: 'Caption below' }).check()
  const part = (await download(page, dialog, 'SVG')).bytes.toString()
  expect(part).toContain('Shown: row 1–2 (2 of ')
  await asShown.press('Space')
  expect((await download(page, dialog, 'SVG')).bytes.toString()).not.toContain('Shown:')
  // What is shown whole has nothing to choose.
  await page.goto(`${stage.origin}/run/${run}`)
  await untilState(page, 'done')
  await page.getByRole('button', { name: `Export ${FIGURE}` }).press('Enter')
  await dialog.getByRole('checkbox', { name: 'Caption below' }).waitFor()
  expect(await dialog.getByRole('checkbox', { name: /As shown on the page/ }).count()).toBe(0)
})

it('JSON and CSV: every value; the other formats are there', async () => {
  const { page, dialog } = await openDialog()
  const json = JSON.parse((await download(page, dialog, 'JSON')).bytes.toString())
  expect(json.run).toBe(run)
  const values: number[] = json.values
  expect(values).toHaveLength(json.spec.x.ticks.length * json.spec.y.ticks.length)
  values.forEach((value, cell) => {
    expect(value).toBeCloseTo(Math.sin(cell), 6)
  })
  const csv = (await download(page, dialog, 'CSV')).bytes.toString().trim().split(/\r?\n/)
  expect(csv).toHaveLength(values.length + 1)
  for (const cell of [1, 5]) expect(csv[cell + 1]).toContain(String(values[cell]).slice(0, 8))
  expect((await download(page, dialog, 'npy')).bytes.subarray(1, 6).toString()).toBe('NUMPY')
  expect((await download(page, dialog, 'Parquet')).bytes.subarray(0, 4).toString()).toBe('PAR1')
  expect(JSON.parse((await download(page, dialog, 'Notebook')).bytes.toString()).nbformat).toBe(4)
})
