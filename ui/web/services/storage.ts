/**
 * What the browser keeps for the page from visit to visit. Browsers that block what sites keep throw at
 * the first touch, full ones at writing: a choice lasts as long as the page then.
 */

/** What was kept under this name; null where there is none, or none can be had. */
export function kept(key: string): string | null {
  try {
    return window.localStorage.getItem(key)
  } catch {
    return null
  }
}

export function keep(key: string, text: string): void {
  try {
    window.localStorage.setItem(key, text)
  } catch {}
}
