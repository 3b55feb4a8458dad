/** Ways of looking at figures and tables, with pointer and with keys alone; each stands in the address. */
import { fileURLToPath } from 'node:url'
import type { Locator, Page } from 'playwright-core'
import { beforeAll, expect, it } from 'vitest'
import type { RunSummary } from '../../studies/runs/events.ts'
import { untilState } from './support/run-page.ts'
import { setStage } from './support/setup.ts'

const STUDY = fileURLToPath(new URL('fixtures/views-study.ts', import.meta.url))
const LAYERS = 6

const stage = setStage([STUDY])
let run = ''
/** The prompt's tokens, as the page labels them. */
let tokens: readonly string[] = []

beforeAll(async () => {
  const json = { 'content-type': 'application/json' }
  const ask = { method: 'POST', headers: json, body: JSON.stringify({ study: 'views' }) }
  const started: RunSummary = await (await fetch(`${stage.origin}/api/runs`, ask)).json()
  run = started.id
  for (;;) {
    const { state, figures } = await (await fetch(`${stage.origin}/api/runs/${run}`)).json()
    if (state === 'done') {
      tokens = figures[0].spec.x.ticks
      return
    }
    await new Promise(resolve => setTimeout(resolve, 50))
  }
})

async function openRun(query = ''): Promise<Page> {
  const page = await stage.open()
  await page.goto(`${stage.origin}/run/${run}${query}`)
  await untilState(page, 'done')
  await page.getByRole('grid').first().waitFor()
  return page
}

const gridOf = (page: Page, name = 'residual stream') => page.getByRole('grid', { name, exact: true })

async function sizeOf(grid: Locator): Promise<readonly [rows: number, columns: number]> {
  return [Number(await grid.getAttribute('aria-rowcount')), Number(await grid.getAttribute('aria-colcount'))]
}

/** What a screen reader says of the cell under the cursor. */
async function current(page: Page, grid: Locator): Promise<string> {
  const id = await grid.getAttribute('aria-activedescendant')
  return (await page.locator(`[id="${id}"]`).textContent()) ?? ''
}

async function address(page: Page, key: string): Promise<string | null> {
  await page.waitForTimeout(400)
  return new URL(page.url()).searchParams.get(key)
}

const tool = (page: Page, name: string, group = 'Effects') =>
  page.getByRole('group', { name: `View of ${group}` }).getByRole('button', { name, exact: true })

it('transposes linked panels together, and a cell keeps its name and address', async () => {
  const page = await openRun('?figure=resid&cell=1')
  const [panel, linked] = [gridOf(page), gridOf(page, 'attention output')]
  expect(await sizeOf(panel)).toEqual([LAYERS, tokens.length])
  await tool(page, 'Transpose').click()
  expect(await sizeOf(panel)).toEqual([tokens.length, LAYERS])
  expect(await sizeOf(linked)).toEqual([tokens.length, LAYERS])
  expect(await current(page, panel)).toMatch(/^layer 0, position 1 /)
  expect(await address(page, 'resid.transpose')).toBe('1')
  expect(await address(page, 'cell')).toBe('1')
  await page.reload()
  await expect.poll(() => sizeOf(panel)).toEqual([tokens.length, LAYERS])
})

it('is walked by keys alone: every move, zoom, open and close', async () => {
  const page = await openRun()
  const grid = gridOf(page)
  await tool(page, 'Adjust').focus()
  await page.keyboard.press('Tab')
  expect(await grid.evaluate(element => element === document.activeElement)).toBe(true)
  const moves: readonly (readonly [key: string, layer: number, position: number])[] = [
    ['ArrowRight', 0, 1],
    ['ArrowDown', 1, 1],
    ['End', 1, tokens.length - 1],
    ['ArrowLeft', 1, tokens.length - 2],
    ['PageDown', LAYERS - 1, tokens.length - 2],
    ['ArrowUp', LAYERS - 2, tokens.length - 2],
    ['Home', LAYERS - 2, 0],
    ['Control+End', LAYERS - 1, tokens.length - 1],
    ['PageUp', 0, tokens.length - 1],
    ['Control+Home', 0, 0],
    ['ArrowUp', 0, 0],
  ]
  for (const [key, layer, position] of moves) {
    await page.keyboard.press(key)
    expect(await current(page, grid), key).toBe(
      `layer ${layer}, position ${position} “${tokens[position]}”: ${position % 2 === 0 || layer === 0 ? '' : '−'}${layer} logits`,
    )
    const cell = page.locator(`[id="${await grid.getAttribute('aria-activedescendant')}"]`)
    expect(await cell.getAttribute('aria-colindex')).toBe(String(position + 1))
    expect(await cell.locator('..').getAttribute('aria-rowindex')).toBe(String(layer + 1))
  }
  // The row under the cursor is in the document, not the figure.
  expect(await grid.getByRole('row').count()).toBe(1)
  await page.keyboard.press('+')
  await expect.poll(() => sizeOf(grid)).toEqual([LAYERS / 2, Math.round(tokens.length / 2)])
  expect(await current(page, grid)).toMatch(/^layer 0, position 0 /)
  // Beyond the edge of what is zoomed to, the view moves along.
  for (let i = 0; i < LAYERS; i++) await page.keyboard.press('ArrowDown')
  expect(await current(page, grid)).toMatch(/^layer 5, position 0 /)
  await page.keyboard.press('-')
  await expect.poll(() => sizeOf(grid)).toEqual([LAYERS, tokens.length])
  await page.keyboard.press('+')
  await page.keyboard.press('0')
  await expect.poll(() => sizeOf(grid)).toEqual([LAYERS, tokens.length])
  await page.keyboard.press('Enter')
  const drawer = page.getByRole('complementary', { name: 'Cell' })
  await drawer.getByRole('heading', { name: /^layer 5, position 0/ }).waitFor()
  await page.keyboard.press('Escape')
  await drawer.waitFor({ state: 'detached' })
  expect(await address(page, 'cell')).toBeNull()
  expect(await grid.evaluate(element => element === document.activeElement)).toBe(true)
})

it('zooms to a dragged rectangle and by the wheel with Ctrl, in all linked panels', async () => {
  const page = await openRun()
  const [grid, linked] = [gridOf(page), gridOf(page, 'attention output')]
  const box = await grid.locator('canvas').boundingBox()
  if (box === null) throw new Error('the figure has no area')
  const point = (column: number, row: number) =>
    [box.x + ((column + 0.5) * box.width) / tokens.length, box.y + ((row + 0.5) * box.height) / LAYERS] as const
  await page.mouse.move(...point(4, 3))
  await page.mouse.down()
  await page.mouse.move(...point(3, 2))
  await page.mouse.move(...point(2, 1))
  await page.mouse.up()
  await expect.poll(() => sizeOf(linked)).toEqual([3, 3])
  expect(await address(page, 'resid.zoom')).toBe('x2-4,y1-3')
  expect(await page.getByRole('complementary', { name: 'Cell' }).count()).toBe(0)
  await page.getByRole('button', { name: 'Take back: zoomed' }).click()
  await expect.poll(() => sizeOf(grid)).toEqual([LAYERS, tokens.length])
  await page.mouse.move(...point(0, 0))
  await page.keyboard.down('Control')
  await page.mouse.wheel(0, -120)
  await page.keyboard.up('Control')
  await expect.poll(async () => (await sizeOf(grid))[0]).toBe(LAYERS / 2)
  await tool(page, 'Show all').click()
  await expect.poll(() => sizeOf(grid)).toEqual([LAYERS, tokens.length])
})

it('shows chosen layers and tokens only, and takes each choice back', async () => {
  const page = await openRun()
  const grid = gridOf(page)
  await tool(page, 'Adjust').click()
  await page.getByRole('combobox', { name: 'First layer' }).selectOption('2')
  await page.getByRole('combobox', { name: 'Last layer' }).selectOption('4')
  await page.getByRole('searchbox', { name: 'Labels with' }).fill('TIME')
  const times = tokens.filter(token => token.includes('time')).length
  expect(times).toBe(2)
  await expect.poll(() => sizeOf(grid)).toEqual([3, times])
  expect(await address(page, 'resid.layers')).toBe('2-4')
  expect(await address(page, 'resid.tokens')).toBe('TIME')
  await page.getByText(`${times} of ${tokens.length}`).waitFor()
  expect(await current(page, grid)).toMatch(/^layer 2, position \d+ “·?time”: /)
  await page.getByRole('searchbox', { name: 'Labels with' }).fill('zebra')
  await page.getByText('No label here holds “zebra”.').first().waitFor()
  await page.getByRole('button', { name: 'Take back: labels with “zebra”' }).click()
  await page.getByRole('button', { name: 'Take back: layers 2–4' }).click()
  await expect.poll(() => sizeOf(grid)).toEqual([LAYERS, tokens.length])
  expect(await address(page, 'resid.layers')).toBeNull()
  await expect.poll(() => new URL(page.url()).search).toBe('')
})

it('has one scale for linked panels, or one each, or the one that was typed', async () => {
  const page = await openRun()
  const group = page.getByRole('region', { name: 'residual stream, attention output' })
  const bars = () => group.getByRole('img', { name: /^Colours: / }).evaluateAll(all => all.map(bar => bar.ariaLabel))
  expect(await bars()).toEqual(['Colours: effect in logits, from −5 to 5'])
  await tool(page, 'Adjust').click()
  await group.getByRole('radio', { name: 'Own' }).check({ force: true })
  expect(await bars()).toEqual([
    'Colours: effect in logits, from −5 to 5',
    'Colours: effect in logits, from −1.25 to 1.25',
  ])
  await group.getByRole('radio', { name: 'Typed' }).check({ force: true })
  const end = group.getByRole('textbox', { name: 'Scale’s end' })
  await end.fill('nonsense')
  expect(await end.getAttribute('aria-invalid')).toBe('true')
  await end.fill('2')
  await expect.poll(bars).toEqual(['Colours: effect in logits, from −2 to 2'])
  expect(await address(page, 'resid.scale')).toBe('-2:2')
  await group.getByRole('radio', { name: 'Sequential' }).check({ force: true })
  expect(await address(page, 'resid.colours')).toBe('sequential')
  await group.getByRole('textbox', { name: 'Scale’s low end' }).fill('0')
  await expect.poll(bars).toEqual(['Colours: effect in logits, from 0 to 2'])
})

it('draws lines by layer, with an interval over prompts and none over positions', async () => {
  const page = await openRun('?view=line')
  const effects = page.getByRole('figure', { name: 'Lines of Effects' })
  expect(await sizeOf(effects.getByRole('grid'))).toEqual([2, LAYERS])
  await page.getByText(`Mean over ${tokens.length} positions; no interval`, { exact: false }).waitFor()
  const prompts = page.getByRole('grid', { name: 'Lines of effect of a prompt' })
  await page.getByText('Mean over 5 prompts. Band: 95% confidence interval of the mean over prompts').waitFor()
  await prompts.focus()
  for (const key of ['ArrowRight', 'ArrowRight', 'End', 'ArrowLeft']) await page.keyboard.press(key)
  // Layer 4: 4, 5, 6, 7, 8; t is 2.776 with 4 degrees of freedom, the standard error √(2.5 / 5).
  expect(await current(page, prompts)).toBe('layers × prompts, layer 4: 6 (4.037 to 7.963) logits')
  await page
    .getByRole('group', { name: 'View of Effects' })
    .getByRole('radio', { name: 'Heatmap' })
    .check({ force: true })
  await gridOf(page).waitFor()
  expect(await address(page, 'resid.view')).toBe('heat')
  expect(await address(page, 'view')).toBe('line')
})

it('comes back from its address exactly, and from a wrong one unharmed', async () => {
  const query =
    '?figure=attn&cell=15&resid.scale=-3:3&resid.transpose=1&resid.layers=1-4&resid.tokens=time&prompts.view=line&heads.sort=-effect&heads.over=effect:0.5'
  const page = await openRun(query)
  expect(await sizeOf(gridOf(page, 'attention output'))).toEqual([2, 4])
  await page.getByRole('complementary', { name: 'Cell' }).waitFor()
  await page.getByRole('grid', { name: 'Lines of effect of a prompt' }).waitFor()
  const rows = page.getByRole('table', { name: 'Heads' }).getByRole('row')
  expect(await rows.nth(1).textContent()).toBe('L0H52')
  expect(await rows.count()).toBe(5)
  await expect.poll(() => new URL(page.url()).search).toBe(query)

  const wrong = await openRun(
    '?view=pie&scale=9:1&layers=99-100&zoom=x500-900&tokens=&resid.nonsense=1&heads.sort=zebra&heads.over=x:y&cell=-4',
  )
  expect(await sizeOf(gridOf(wrong))).toEqual([LAYERS, tokens.length])
  expect(await wrong.getByRole('table', { name: 'Heads' }).getByRole('row').count()).toBe(9)
})

it('sorts a table and leaves out its small rows, by keys alone', async () => {
  const page = await openRun()
  const table = page.getByRole('table', { name: 'Heads' })
  await table.getByRole('button', { name: 'effect' }).focus()
  await page.keyboard.press('Enter')
  const header = table.getByRole('columnheader', { name: 'effect' })
  await expect.poll(() => header.getAttribute('aria-sort')).toBe('descending')
  await page.keyboard.press('Enter')
  await expect.poll(() => header.getAttribute('aria-sort')).toBe('ascending')
  expect(await address(page, 'heads.sort')).toBe('effect')
  await page.getByRole('textbox', { name: 'is at least' }).focus()
  await page.keyboard.type('1')
  await expect.poll(() => table.getByRole('row').count()).toBe(4)
  expect(await table.getByRole('row').nth(1).textContent()).toBe('L0H1−3')
  expect(await address(page, 'heads.over')).toBe('effect:1')
})

it('a link to a cell far down the page brings its figure into sight', async () => {
  const page = await stage.open({ viewport: { width: 1440, height: 600 } })
  await page.goto(`${stage.origin}/run/${run}?figure=prompts&cell=3`)
  const figure = page.getByRole('figure', { name: 'layers × prompts' })
  const below = async () => {
    const box = await figure.boundingBox()
    return box === null ? Number.POSITIVE_INFINITY : box.y + box.height - 600
  }
  await figure.getByRole('grid').waitFor()
  await expect.poll(below).toBeLessThanOrEqual(0)
})
