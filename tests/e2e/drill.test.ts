/** A cell looked at closely, in the drawer: overview, attention, logit lens, neuron; also with keys alone. */
import type { Page } from 'playwright-core'
import { beforeAll, expect, it } from 'vitest'
import type { CellAttention, CellDetail } from '../../studies/runs/cell/types.ts'
import { closedGate } from './support/gate.ts'
import { untilHalf, untilState } from './support/run-page.ts'
import { FIGURE, setStage } from './support/setup.ts'

const stage = setStage()

let slow = ''
let time = ''
let ablation = ''
let long = ''
/** Token before which am and pm part, in the first row of the residual figure. */
const PATCHED = 10

beforeAll(async () => {
  slow = await stage.finishedRun()
  time = await stage.finishedRun({ pairs: [] }, 'time-patching')
  ablation = await stage.finishedRun({ prompt: 'every cloud has' }, 'neuron-ablation')
  long = await stage.finishedRun({ prompt: 'she sells sea shells by the '.repeat(35) }, 'neuron-ablation')
})

async function open(run: string, query: string): Promise<Page> {
  const page = await stage.open()
  await page.goto(`${stage.origin}/run/${run}?${query}`)
  await untilState(page, 'done')
  return page
}

const drawer = (page: Page) => page.getByRole('complementary', { name: 'Cell', exact: true })
const parameter = (page: Page, name: string) => new URL(page.url()).searchParams.get(name)

async function api<T>(run: string, path: string): Promise<T> {
  const response = await fetch(`${stage.origin}/api/runs/${run}/${path}`)
  return (await response.json()) as T
}

it('shows what was patched, in words, as JSON to copy, and by every metric', async () => {
  const page = await open(time, `figure=recovered-resid&cell=${PATCHED}`)
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write'])
  const cell = drawer(page)
  const detail = await api<CellDetail>(time, `cell?figure=recovered-resid&index=${PATCHED}`)
  await cell.getByText(detail.what).waitFor()
  await cell.getByRole('list', { name: 'Patched places' }).getByText('blocks.0.hook_resid_pre').waitFor()
  await cell.getByText('Position 10 of 18.').waitFor()
  expect(await cell.getByRole('list', { name: "Prompt's tokens" }).getByText('(patched)').count()).toBe(1)

  await cell.getByText('As JSON').click()
  await cell.getByRole('button', { name: 'Copy interventions' }).click()
  await cell.getByText('Copied').waitFor()
  const copied = await page.evaluate(() => navigator.clipboard.readText())
  expect(JSON.parse(copied)).toEqual(detail.interventions)

  const metrics = cell.getByRole('table', { name: 'Metrics' })
  for (const name of ['logit of ·morning', 'log p(·morning)', 'p(·morning)', 'rank of ·morning', 'KL(baseline'])
    await metrics.getByRole('rowheader', { name }).first().waitFor()
  const top = metrics.getByRole('row', { name: /^top token/ })
  expect(await top.textContent()).toBe('top token·evening·morninganother')

  const tokens = cell.getByRole('table', { name: 'Top tokens' })
  expect(await tokens.getByRole('rowheader').count()).toBe(detail.top.length)
  expect(await tokens.getByRole('rowheader').first().textContent()).toBe('·morning')
  // A token that is on one list only has its numbers on the other too.
  const far = detail.top.find(token => token.before.rank >= 10 && token.after.rank < 10)
  const row = tokens
    .getByRole('row')
    .filter({ has: page.getByRole('rowheader', { name: far?.label ?? '', exact: true }) })
  expect(await row.first().textContent()).toContain(String((far?.before.rank ?? 0) + 1))
  await cell.getByRole('radio', { name: 'by baseline' }).check()
  expect(await tokens.getByRole('rowheader').first().textContent()).toBe('·evening')
})

it('goes from cell to cell by button and by key, and stays in its tab', async () => {
  const page = await open(time, 'figure=recovered-heads&cell=1&tab=attention')
  const cell = drawer(page)
  await cell.getByRole('heading', { name: 'layer 0, head 1' }).waitFor()
  await cell.getByRole('button', { name: 'Next cell' }).click()
  await cell.getByRole('heading', { name: 'layer 0, head 2' }).waitFor()
  await page.keyboard.press('[')
  await page.keyboard.press('[')
  await cell.getByRole('heading', { name: 'layer 0, head 0' }).waitFor()
  expect(await cell.getByRole('button', { name: 'Previous cell' }).isDisabled()).toBe(true)
  await page.keyboard.press('}')
  await cell.getByRole('heading', { name: 'layer 1, head 0' }).waitFor()
  await expect.poll(() => parameter(page, 'tab')).toBe('attention')
  await cell.getByRole('radiogroup', { name: 'Heads of layer 1' }).waitFor()
  expect(await cell.getByRole('radio', { name: 'Head 0, patched' }).isChecked()).toBe(true)
})

it('shows a head’s attention without and with the patch; a link brings layer and head back', async () => {
  const address = `figure=recovered-resid&cell=${PATCHED}&tab=attention&layer=3&head=4`
  const page = await open(time, address)
  const cell = drawer(page)
  const query = `cell/attention?figure=recovered-resid&index=${PATCHED}&layer=3&head=4`
  const { before, after, window } = await api<CellAttention>(time, query)
  expect(await cell.getByRole('radio', { name: /^Head 4/ }).isChecked()).toBe(true)
  for (const name of ['Baseline', 'Patched', 'Patched − baseline'])
    await cell.getByRole('grid', { name: `${name} pattern`, exact: true }).waitFor()
  const grid = cell.getByRole('grid', { name: 'Baseline pattern', exact: true })
  await grid.focus()
  await page.keyboard.press('ArrowLeft')
  await page.keyboard.press('ArrowUp')
  const count = window.labels.length
  const at = (count - 2) * count + count - 2
  const said = (await grid.getByRole('gridcell').textContent()) ?? ''
  expect(said).toMatch(new RegExp(`^${count - 2} “·currently” attends to ${count - 2} “·currently”: baseline `))
  expect(Number(/baseline ([\d.]+)/.exec(said)?.[1])).toBeCloseTo(before[at] ?? Number.NaN, 3)
  expect(Number(/patched ([\d.]+)/.exec(said)?.[1])).toBeCloseTo(after[at] ?? Number.NaN, 3)

  await cell.getByRole('combobox', { name: 'Layer' }).selectOption('5')
  await cell.getByRole('radiogroup', { name: 'Heads of layer 5' }).waitFor()
  await expect.poll(() => [parameter(page, 'layer'), parameter(page, 'head')]).toEqual(['5', '4'])
  await page.reload()
  await cell.getByRole('radiogroup', { name: 'Heads of layer 5' }).waitFor()
  expect(await cell.getByRole('radio', { name: /^Head 4/ }).isChecked()).toBe(true)
})

it('reads a pattern under the pointer, the same place in all three', async () => {
  const page = await open(time, `figure=recovered-resid&cell=${PATCHED}&tab=attention&layer=3&head=4`)
  const cell = drawer(page)
  const cells = cell.getByRole('grid', { name: 'Patched pattern', exact: true }).locator('canvas')
  const box = await cells.boundingBox()
  if (box === null) throw new Error('the pattern has no area')
  const side = box.width / 18
  await page.mouse.move(box.x + 2.5 * side, box.y + 10.5 * side)
  await cell.getByText('10 “·pm” attends to 2 “·time”:').last().waitFor()
  expect(await cell.locator('.pattern-cursor').count()).toBe(3)
  // Above the diagonal there is nothing to read.
  await page.mouse.move(box.x + 10.5 * side, box.y + 2.5 * side)
  await cell.locator('.pattern-cursor').first().waitFor({ state: 'detached' })
})

it('says where a layer’s attention is before the patch', async () => {
  const page = await open(time, 'figure=recovered-heads&cell=25&tab=attention')
  await drawer(page).getByText('the patch enters after its attention is computed').waitFor()
})

it('shows the logit lens without the patch, with it, and what changed', async () => {
  const page = await open(time, `figure=recovered-resid&cell=${PATCHED}&tab=lens`)
  const cell = drawer(page)
  const grid = cell.getByRole('grid', { name: 'Logit lens' })
  await grid.waitFor()
  const corner = () => grid.getByRole('row').last().getByRole('gridcell').last().textContent()
  expect(await corner()).toMatch(/^·morning 99\.\d%$/)
  await cell.getByRole('radio', { name: 'baseline' }).check()
  expect(await corner()).toMatch(/^·evening 99\.\d%$/)
  await cell.getByRole('radio', { name: 'what changed' }).check()
  await expect.poll(() => parameter(page, 'side')).toBe('change')
  expect(await corner()).toMatch(/^·morning/)
  // Left of the patched token nothing can change.
  expect(
    await grid
      .getByRole('row')
      .nth(3)
      .getByRole('gridcell')
      .nth(PATCHED - 1)
      .textContent(),
  ).toBe(' unchanged')
  await grid.focus()
  await page.keyboard.press('Control+Home')
  expect(await grid.locator('[aria-selected=true]').count()).toBe(1)
  await cell.getByText('Before layer 0').waitFor()
})

it('shows a neuron’s activations and what it writes', async () => {
  const page = await open(ablation, 'figure=layer-5&cell=40')
  const cell = drawer(page)
  await cell.getByRole('tab', { name: 'Neuron' }).click()
  await cell.getByRole('heading', { name: 'What N40@L5 writes' }).waitFor()
  for (const name of ['Promoted', 'Demoted'])
    expect(await cell.getByRole('table', { name }).getByRole('row').count()).toBe(10)
  await cell.getByText('The neuron’s row of W_out, times the final norm’s weight').waitFor()
  const patched = cell.getByRole('list', { name: 'this cell, patched' })
  expect(await patched.getByRole('listitem').last().textContent()).toBe('·has 0')
  expect(await cell.getByRole('list', { name: 'Reference prompts' }).count()).toBe(3)
  await page.reload()
  await cell.getByRole('tab', { name: 'Neuron', selected: true }).waitFor()
})

it('offers no neuron where there is none, whatever the address says', async () => {
  const page = await open(time, 'figure=recovered-resid&cell=3&tab=neuron&head=99&layer=77&from=400')
  const cell = drawer(page)
  await cell.getByRole('tab', { name: 'Overview', selected: true }).waitFor()
  await cell.getByText('What was patched').waitFor()
  expect(await cell.getByRole('tab', { name: 'Neuron' }).count()).toBe(0)
})

it('looks at the cells of a study of one’s own as at any other', async () => {
  const page = await open(slow, 'figure=cells&cell=2&tab=lens')
  const cell = drawer(page)
  await cell.getByRole('grid', { name: 'Logit lens' }).waitFor()
  await cell.getByRole('tab', { name: 'Attention' }).click()
  await cell.getByRole('radiogroup', { name: 'Heads of layer 1' }).waitFor()
  await cell.getByRole('tab', { name: 'Overview' }).click()
  await cell.getByText('The study names no answer for this cell').waitFor()
})

it('can be used with keys alone', async () => {
  const page = await open(time, '')
  const grid = page.getByRole('grid', { name: 'heads, all positions' }).first()
  await grid.focus()
  for (const key of ['ArrowRight', 'Enter']) await page.keyboard.press(key)
  const cell = drawer(page)
  await cell.getByRole('heading', { name: 'layer 0, head 1' }).waitFor()
  await cell.getByRole('tab', { name: 'Overview' }).waitFor()
  // Again: into the drawer.
  await page.keyboard.press('Enter')
  const focused = () => page.evaluate(() => document.activeElement?.getAttribute('aria-label'))
  expect(await focused()).toBe('Cell')
  for (let i = 0; i < 5; i++) await page.keyboard.press('Tab')
  expect(await page.evaluate(() => document.activeElement?.textContent)).toBe('Overview')
  await page.keyboard.press('ArrowRight')
  await cell.getByRole('tab', { name: 'Attention', selected: true }).waitFor()
  await cell.getByRole('radiogroup', { name: 'Heads of layer 0' }).waitFor()
  await expect.poll(() => parameter(page, 'tab')).toBe('attention')
  await cell.getByRole('combobox', { name: 'Layer' }).focus()
  await page.keyboard.press('ArrowDown')
  await cell.getByRole('radiogroup', { name: 'Heads of layer 1' }).waitFor()
  await cell.getByRole('radio', { name: /^Head 1/ }).focus()
  await page.keyboard.press('ArrowRight')
  await cell.getByText('Head 2: each token’s row').waitFor()
  await expect.poll(() => parameter(page, 'head')).toBe('2')
  await page.keyboard.press(']')
  await cell.getByRole('heading', { name: 'layer 0, head 2' }).waitFor()
  await page.keyboard.press('Escape')
  await cell.waitFor({ state: 'detached' })
  expect(await focused()).toBe('heads, all positions')
  await expect.poll(() => new URL(page.url()).search).toBe('')
})

it('drops the answer about a cell that is no longer open', async () => {
  const page = await stage.open()
  let release = () => {}
  const held = new Promise<void>(resolve => {
    release = resolve
  })
  await page.route(/\/cell\?figure=recovered-resid&index=3$/, async route => {
    await held
    await route.continue().catch(() => {})
  })
  await page.goto(`${stage.origin}/run/${time}?figure=recovered-resid&cell=3`)
  const cell = drawer(page)
  await cell.getByText('Running this cell again').waitFor()
  await page.keyboard.press(']')
  await cell.getByText('residual stream of layer 0 at position 4').waitFor()
  release()
  await page.waitForTimeout(300)
  expect(await cell.getByText('residual stream of layer 0 at position 4').count()).toBe(1)
  expect(await cell.getByText('at position 3').count()).toBe(0)
})

it('answers while a run computes, and says what it waits for', async () => {
  const gate = closedGate()
  const other = await stage.open()
  await other.goto(`${stage.origin}/run/${await stage.startedRun({ gate: gate.path })}`)
  await untilHalf(other, FIGURE)
  const page = await stage.open()
  let release = () => {}
  const held = new Promise<void>(resolve => {
    release = resolve
  })
  await page.route(/\/cell\/lens\?/, async route => {
    await held
    await route.continue()
  })
  await page.goto(`${stage.origin}/run/${time}?figure=recovered-resid&cell=3&tab=lens`)
  const cell = drawer(page)
  await cell.getByText('A run is computing; this goes between two of its slices.').waitFor()
  release()
  await cell.getByRole('grid', { name: 'Logit lens' }).waitFor()
  gate.open()
  await untilState(other, 'done')
})

it('says in one sentence why there is nothing to see, and asks again when told to', async () => {
  const page = await open(time, 'figure=recovered-resid&cell=5')
  const cell = drawer(page)
  await page.route(/\/cell\/attention\?/, route => route.abort(), { times: 1 })
  await cell.getByRole('tab', { name: 'Attention' }).click()
  await cell.getByText('The server does not answer.').waitFor()
  await cell.getByRole('button', { name: 'Ask again' }).click()
  await cell.getByRole('radiogroup', { name: 'Heads of layer 0' }).waitFor()
  await page.goto(`${stage.origin}/run/${time}?figure=recovered-resid&cell=99999`)
  await cell.getByText(/expected a cell from 0 to 107, got 99999/).waitFor()
})

it('shows a long prompt: its tokens in a box that scrolls, its patterns apart from one another', async () => {
  const page = await open(long, 'figure=layer-5&cell=3')
  const cell = drawer(page)
  const strip = cell.getByRole('list', { name: "Prompt's tokens" })
  await strip.waitFor()
  expect(await strip.getByRole('listitem').count()).toBeGreaterThan(200)
  const box = cell.getByRole('group', { name: 'Prompt, scrolls' })
  expect((await box.boundingBox())?.height).toBeLessThan(260)
  // The patched token, the prompt's last, is in sight.
  const [frame, token] = [await box.boundingBox(), await strip.getByText('(patched)').locator('..').boundingBox()]
  expect(token?.y).toBeGreaterThan(frame?.y ?? Number.NaN)
  expect(token?.y).toBeLessThan((frame?.y ?? 0) + (frame?.height ?? 0))

  await cell.getByRole('tab', { name: 'Attention' }).click()
  await cell.getByText(/Tokens \d+–\d+ of \d+ are shown/).waitFor()
  const names = ['Baseline', 'Patched', 'Patched − baseline']
  const grids = names.map(name => cell.getByRole('grid', { name: `${name} pattern`, exact: true }))
  const boxes = await Promise.all(grids.map(grid => grid.boundingBox()))
  const room = await cell.boundingBox()
  for (const [i, one] of boxes.entries()) {
    expect((one?.x ?? 0) + (one?.width ?? 0)).toBeLessThanOrEqual((room?.x ?? 0) + (room?.width ?? 0))
    const next = boxes[i + 1]
    if (next === undefined) continue
    const isApart =
      (next?.x ?? 0) >= (one?.x ?? 0) + (one?.width ?? 0) || (next?.y ?? 0) >= (one?.y ?? 0) + (one?.height ?? 0)
    expect(isApart, `${names[i]} and ${names[i + 1]}`).toBe(true)
  }
})
