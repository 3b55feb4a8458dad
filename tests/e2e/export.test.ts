/** What leaves the page: the picture, the vector figure and the numbers behind them. */
import { readFileSync } from 'node:fs'
import type { Page } from 'playwright-core'
import { beforeAll, expect, it } from 'vitest'
import { untilState } from './support/run-page.ts'
import { FIGURE, setStage } from './support/setup.ts'

const stage = setStage()
let run = ''

beforeAll(async () => {
  run = await stage.finishedRun()
})

async function openRun(): Promise<Page> {
  const page = await stage.open({ colorScheme: 'dark' })
  await page.goto(`${stage.origin}/run/${run}`)
  await untilState(page, 'done')
  return page
}

async function download(page: Page, role: 'button' | 'link', format: string): Promise<{ name: string; bytes: Buffer }> {
  const waiting = page.waitForEvent('download')
  await page.getByRole(role, { name: `${format} of ${FIGURE}` }).click()
  const file = await waiting
  return { name: file.suggestedFilename(), bytes: readFileSync(await file.path()) }
}

it('PNG: at twice the density, on white whatever the theme', async () => {
  const page = await openRun()
  const { name, bytes } = await download(page, 'button', 'PNG')
  expect(name).toBe(`${run}-cells.png`)
  expect(bytes.subarray(1, 4).toString()).toBe('PNG')
  expect(bytes.readUInt32BE(16)).toBe(1800)
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

it('SVG: vectors, with the labels as text', async () => {
  const { name, bytes } = await download(await openRun(), 'link', 'SVG')
  expect(name).toBe(`${run}-cells.svg`)
  const text = bytes.toString()
  expect(text).toMatch(/^(<\?xml[^>]*>\s*)?<svg /)
  expect(text).not.toContain('<image')
  expect(text).toContain('sine &lt;b&gt;of&lt;/b&gt; the index')
})

it('JSON and CSV: every value', async () => {
  const page = await openRun()
  const json = JSON.parse((await download(page, 'link', 'JSON')).bytes.toString())
  expect(json.run).toBe(run)
  const values: number[] = json.values
  expect(values).toHaveLength(json.spec.x.ticks.length * json.spec.y.ticks.length)
  values.forEach((value, cell) => {
    expect(value).toBeCloseTo(Math.sin(cell), 6)
  })
  const csv = (await download(page, 'link', 'CSV')).bytes.toString().trim().split(/\r?\n/)
  expect(csv).toHaveLength(values.length + 1)
  for (const cell of [1, 5]) expect(csv[cell + 1]).toContain(String(values[cell]).slice(0, 8))
})
