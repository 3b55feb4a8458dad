/** Questions to the server from components: asked after a pause in typing, with late answers to old questions dropped. */
import { useEffect, useRef, useState } from 'react'

/** The value as it was when it had not changed for `delayMs`. */
export function useDebounced<T>(value: T, delayMs: number): T {
  const [settled, setSettled] = useState(value)
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), delayMs)
    return () => clearTimeout(timer)
  }, [value, delayMs])
  return settled
}

export interface Answer<T> {
  readonly value: T | null
  readonly error: string | null
  readonly loading: boolean
}

/**
 * Asks whenever `key` changes; null asks nothing. While a new answer is on its way the last one
 * stays, marked as loading, so that the page does not jump; what nobody waits for any more is aborted.
 */
export function useAnswer<T>(key: string | null, ask: (signal: AbortSignal) => Promise<T>): Answer<T> {
  const [answer, setAnswer] = useState<Answer<T>>({ value: null, error: null, loading: key !== null })
  // `key` says all that `ask` closes over, so the last one given is the right one.
  const latest = useRef(ask)
  useEffect(() => {
    latest.current = ask
  })
  useEffect(() => {
    if (key === null) {
      setAnswer({ value: null, error: null, loading: false })
      return
    }
    const gone = new AbortController()
    setAnswer(last => ({ ...last, loading: true }))
    latest.current(gone.signal).then(
      value => {
        if (!gone.signal.aborted) setAnswer({ value, error: null, loading: false })
      },
      error => {
        if (!gone.signal.aborted)
          setAnswer({ value: null, error: error instanceof Error ? error.message : String(error), loading: false })
      },
    )
    return () => gone.abort()
  }, [key])
  return answer
}
