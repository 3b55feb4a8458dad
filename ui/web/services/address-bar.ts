/**
 * The browser's address. Steps that replace it may come with every turn of a wheel or key typed, and
 * browsers refuse more than a hundred in half a minute: the first is written at once, those that
 * follow soon after it as one, the last always.
 */

const LEAST_MS = 320

let waiting: string | null = null
let timer: ReturnType<typeof setTimeout> | undefined
let writtenAt = Number.NEGATIVE_INFINITY

/** A step that the back button takes back. */
export function pushAddress(url: string): void {
  flush()
  window.history.pushState(null, '', url)
}

export function replaceAddress(url: string): void {
  waiting = url
  clearTimeout(timer)
  const waitMs = writtenAt + LEAST_MS - performance.now()
  if (waitMs <= 0) flush()
  else timer = setTimeout(flush, waitMs)
}

/** Calls `listener` when the reader went back or forth. */
export function onAddress(listener: () => void): void {
  window.addEventListener('popstate', () => {
    // What was not written yet belongs to the address that was left.
    clearTimeout(timer)
    waiting = null
    listener()
  })
  window.addEventListener('pagehide', flush)
}

function flush(): void {
  clearTimeout(timer)
  if (waiting === null) return
  window.history.replaceState(window.history.state, '', waiting)
  waiting = null
  writtenAt = performance.now()
}
