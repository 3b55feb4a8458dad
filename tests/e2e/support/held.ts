/** Requests that wait until a test lets them go on: what the page shows meanwhile can be looked at. */
import type { Page, Route } from 'playwright-core'

/**
 * Holds the requests to some address.
 * @param answer what becomes of one, for those that are not simply sent on; it waits for `held`
 * @returns lets them go on
 */
export async function holdRequests(
  page: Page,
  url: string,
  answer: (route: Route, held: Promise<void>) => Promise<void> = async (route, held) => {
    await held
    await route.continue()
  },
): Promise<() => void> {
  let letGo = () => {}
  const held = new Promise<void>(resolve => {
    letGo = resolve
  })
  await page.route(url, route => answer(route, held))
  return () => letGo()
}
