/**
 * What was typed, kept in the page's entry of the browser's history: it is there again after a reload,
 * and when one comes back from the run that it started. A link to the same form begins afresh.
 */
import { useEffect } from 'react'
import { useDebounced } from './async.ts'

/** Browsers refuse many changes of history in a short time. */
const PAUSE_MS = 200

/** What this entry keeps; it may be of an older page. */
export function keptInEntry(): unknown {
  return window.history.state
}

/** Keeps what can be written as JSON. */
export function keepInEntry(value: object): void {
  try {
    window.history.replaceState(JSON.parse(JSON.stringify(value)), '')
  } catch {
    // Larger than the browser takes: then it is not kept.
  }
}

/** Keeps it a moment after it changed. */
export function useKeptInEntry(value: object): void {
  const text = useDebounced(JSON.stringify(value), PAUSE_MS)
  useEffect(() => keepInEntry(JSON.parse(text)), [text])
}
