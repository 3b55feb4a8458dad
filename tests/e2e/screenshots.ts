/**
 * Pictures of the page's views on the three studies of the embedded model, in both themes, into
 * docs/screenshots. Run it when the page has changed, and look at each:
 *
 *   npm run build && node --import tsx tests/e2e/screenshots.ts
 */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Browser, Page } from 'playwright-core'
import { launchBrowser, openPage } from './support/browser.ts'
import { type Served, serve } from './support/server.ts'

const FOLDER = fileURLToPath(new URL('../../docs/screenshots', import.meta.url))
const THEMES = ['light', 'dark'] as const
const PATIENCE_MS = 300_000

type Theme = (typeof THEMES)[number]

const pages = new Map<Theme, Page>()

async function shoot(name: string): Promise<void> {
  for (const [theme, page] of pages) await page.screenshot({ path: join(FOLDER, `${name}-${theme}.png`) })
}

/** Goes to an address in both themes and waits until what it must show is there and drawn. */
async function visit(address: string, ready: (page: Page) => Promise<unknown>): Promise<void> {
  for (const page of pages.values()) {
    await page.goto(address)
    await ready(page)
    await page.waitForLoadState('networkidle')
  }
}

async function run(browser: Browser, served: Served): Promise<void> {
  for (const theme of THEMES) {
    const { page } = await openPage(browser, served.origin, { colorScheme: theme })
    page.setDefaultTimeout(PATIENCE_MS)
    pages.set(theme, page)
  }
  const { origin } = served
  await visit(origin, async page => {
    await page.getByRole('link', { name: /^Backend/ }).waitFor()
    await page.getByRole('list', { name: 'Studies' }).getByRole('link').first().waitFor()
  })
  await shoot('invitation')

  const first = pages.get('light')
  if (first === undefined) throw new Error('no page was opened')
  await first.getByRole('button', { name: 'Run all studies on the embedded model' }).click()
  const done = first.getByRole('navigation', { name: 'Runs' }).getByRole('link', { name: /\(done\)$/ })
  await done.nth(3).waitFor()

  const plots = (page: Page) => page.locator('canvas.cells').first().waitFor()
  await visit(first.url(), plots)
  await shoot('side-by-side')
  const address = async (study: string) => {
    const link = await first.getByRole('link', { name: new RegExp(`^${study}.*\\(done\\)$`) }).getAttribute('href')
    return `${origin}${link}`
  }
  for (const [study, name] of [
    ['Yes/no steering', 'yes-no-steering'],
    ['Time patching', 'time-patching'],
    ['Neuron ablation', 'neuron-ablation'],
  ] as const) {
    await visit(await address(study), plots)
    await shoot(name)
  }

  await visit(await address('Time patching'), async page => {
    await plots(page)
    await page.getByRole('grid').first().focus()
    for (const key of ['ArrowDown', 'ArrowDown', 'End', 'Enter']) await page.keyboard.press(key)
    await page.getByRole('table', { name: 'Top tokens' }).waitFor()
  })
  await shoot('cell')
  await visit(`${origin}/new/time-patching`, async page => {
    await page.getByRole('button', { name: 'Start run' }).and(page.locator(':enabled')).waitFor()
  })
  await shoot('form')
  await visit(`${origin}/doctor`, page => page.getByRole('list', { name: 'Backends' }).waitFor())
  await shoot('doctor')
}

mkdirSync(FOLDER, { recursive: true })
const [browser, served] = await Promise.all([launchBrowser(), serve()])
try {
  await run(browser, served)
} finally {
  await browser.close()
  await served.remove()
}
