/** What a test reads from the page, by role and name as a person would. */
import type { Page } from 'playwright-core'

/** Cells that a figure shows as arrived, and how many it has; null before it is there. */
export async function cellsShown(page: Page, figure: string): Promise<{ filled: number; all: number } | null> {
  const text = await page
    .getByRole('figure', { name: figure, exact: true })
    .getByText(/^[\d,]+ \/ [\d,]+ cells$/)
    .textContent({ timeout: 5000 })
    .catch(() => null)
  const match = /^([\d,]+) \/ ([\d,]+)/.exec(text ?? '')
  return match === null ? null : { filled: numberOf(match[1]), all: numberOf(match[2]) }
}

const numberOf = (text = '') => Number(text.replaceAll(',', ''))

/** The state that the run's own page shows. */
export async function stateShown(page: Page): Promise<string> {
  return (await page.getByRole('status', { name: 'State' }).textContent()) ?? ''
}

export async function untilState(page: Page, state: string): Promise<void> {
  await page.getByRole('status', { name: 'State' }).getByText(state, { exact: true }).waitFor()
}

/** Waits until half of a figure's cells have arrived, where the slow study waits; returns how many that is. */
export async function untilHalf(page: Page, figure: string): Promise<number> {
  for (;;) {
    const shown = await cellsShown(page, figure)
    if (shown !== null && 2 * shown.filled === shown.all) return shown.filled
    await page.waitForTimeout(50)
  }
}

/** Starts the slow study from its form and waits for its own page; returns the run's id. */
export async function startFromForm(page: Page, origin: string, gate = ''): Promise<string> {
  await page.goto(`${origin}/`)
  const studies = page.getByRole('list', { name: 'Studies' })
  await studies.getByRole('link', { name: /^Slow study/ }).click()
  if (gate !== '') {
    // By key: token previews that arrive move what a click aims at.
    await page.getByText('Advanced').press('Enter')
    await page.getByRole('textbox', { name: 'Gate' }).fill(gate)
  }
  return startRun(page)
}

/** Starts what the form holds, and waits for the run's own page; returns the run's id. */
export async function startRun(page: Page): Promise<string> {
  const start = page.getByRole('button', { name: 'Start run' })
  await start.and(page.locator(':enabled')).waitFor()
  // By key: an estimate that arrives moves what a click aims at.
  await start.press('Enter')
  await page.waitForURL(/\/run\//)
  return new URL(page.url()).pathname.slice('/run/'.length)
}
