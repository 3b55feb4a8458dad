/** The first minute of a newcomer: an empty workbench, one button, all studies of the embedded model. */
import { expect, it } from 'vitest'
import { setStage } from './support/setup.ts'

const stage = setStage([])

it('runs all studies by one button, and shows them filling and filled', async () => {
  const page = await stage.open()
  await page.goto(`${stage.origin}/`)
  await page.getByRole('button', { name: 'Run all studies on the embedded model' }).click()
  const titles = ['Yes/no steering', 'Time patching', 'Neuron ablation', 'Path patching']
  for (const title of titles) {
    const run = page.getByRole('main').getByRole('region', { name: title, exact: true })
    await run.getByRole('figure').first().waitFor({ timeout: 100_000 })
    await run.getByText('done', { exact: true }).waitFor({ timeout: 100_000 })
    const counts = await run.getByText(/ \/ [\d,]+ cells$/).allTextContents()
    expect(counts.length).toBeGreaterThan(0)
    for (const count of counts) {
      const [filled, all] = count.replace(' cells', '').split(' / ')
      expect(filled).toBe(all)
    }
  }
  // Every run is in the list, and behind its own link.
  const runs = page.getByRole('navigation', { name: 'Runs' })
  const done = runs.getByRole('link', { name: /done$/ })
  await done.nth(titles.length - 1).waitFor()
  expect(await done.count()).toBe(titles.length)
  await runs.getByRole('link', { name: /^Time patching/ }).click()
  await page.getByRole('main').getByRole('heading', { level: 1, name: 'Time patching' }).waitFor()
}, 300_000)
