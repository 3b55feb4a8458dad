/** The keys that go from cell to cell wherever the focus is, but not while something is typed. */
import { useEffect, useRef } from 'react'

/** Cells from the open one; brackets, because arrows belong to the grids. */
const STEPS: Readonly<Record<string, (columns: number) => number>> = {
  '[': () => -1,
  ']': () => 1,
  '{': columns => -columns,
  '}': columns => columns,
}

export function useCellKeys(index: number, columns: number, go: (index: number) => void): void {
  const latest = useRef({ index, columns, go })
  useEffect(() => {
    latest.current = { index, columns, go }
  })
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      const step = STEPS[event.key]
      if (step === undefined || event.defaultPrevented || isTyping(event.target)) return
      // AltGr, which some keyboards need for a bracket, reports both.
      if (event.metaKey || event.ctrlKey !== event.altKey) return
      event.preventDefault()
      const now = latest.current
      now.go(now.index + step(now.columns))
    }
    window.addEventListener('keydown', onKey)
    return () => window.removeEventListener('keydown', onKey)
  }, [])
}

function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false
  if (target instanceof HTMLInputElement) return target.type !== 'radio' && target.type !== 'checkbox'
  return target.isContentEditable || target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement
}
