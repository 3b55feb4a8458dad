/**
 * Pictures of every view of the page on real runs of the embedded model, in both themes, into
 * docs/screenshots. Run it when the page has changed, and look at each:
 *
 *   npm run build && node --import tsx tests/e2e/screenshots.ts [NAME…] [light | dark]
 *
 * They are committed, so they are small: colours are reduced to a palette of 256.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Browser } from 'playwright-core'
import { launchBrowser, openPage } from './support/browser.ts'
import { withPalette } from './support/palette-png.ts'
import { serve } from './support/server.ts'
import { type Exhibits, fillExhibits, VIEWS, type View } from './support/views.ts'

const FOLDER = fileURLToPath(new URL('../../docs/screenshots', import.meta.url))
const THEMES = ['light', 'dark'] as const
const PATIENCE_MS = 300_000
/** Fonts, previews and the theme's own transitions. */
const SETTLE_MS = 400

const asked = process.argv.slice(2)
const isAsked = (name: string, all: readonly string[]) => {
  const some = all.filter(one => asked.includes(one))
  return some.length === 0 || some.includes(name)
}
const NAMES = VIEWS.map(({ name }) => name)
const chosen = VIEWS.filter(({ name }) => isAsked(name, NAMES))

async function shoot(browser: Browser, origin: string, views: readonly View[], runs: Exhibits): Promise<void> {
  for (const theme of THEMES.filter(one => isAsked(one, THEMES))) {
    const { page } = await openPage(browser, origin, { colorScheme: theme, reducedMotion: 'reduce' })
    page.setDefaultTimeout(PATIENCE_MS)
    for (const view of views) {
      await page.goto(`${origin}${view.path(runs)}`)
      await view.ready(page)
      await page.waitForLoadState('networkidle')
      await page.waitForTimeout(SETTLE_MS)
      const png = await page.screenshot()
      const small = withPalette(png)
      writeFileSync(join(FOLDER, `${view.name}-${theme}.png`), small)
      console.log(`${view.name}-${theme}.png  ${Math.round(small.length / 1000)} kB`)
    }
    await page.context().close()
  }
}

mkdirSync(FOLDER, { recursive: true })
const [browser, served] = await Promise.all([launchBrowser(), serve()])
const none: Exhibits = { steering: '', ablation: '', path: '', time: '', otherTime: '' }
try {
  const isEmpty = ({ empty }: View) => empty === true
  const before = chosen.filter(isEmpty)
  if (before.length > 0) await shoot(browser, served.origin, before, none)
  const others = chosen.filter(view => !isEmpty(view))
  if (others.length > 0) await shoot(browser, served.origin, others, await fillExhibits(served.origin))
} finally {
  await browser.close()
  await served.remove()
}
