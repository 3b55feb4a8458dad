/**
 * The focus in a list whose rows may go: a run is archived, deleted, or loses the star that it was found
 * by. Whoever works by key goes on at the row that took its place.
 */
import { type RefObject, useEffect, useRef } from 'react'

/** @param list its children are the rows */
export function useRowFocus(list: RefObject<HTMLElement | null>): void {
  const last = useRef<{ readonly row: Element; readonly at: number } | null>(null)
  useEffect(() => {
    const element = list.current
    if (element === null) return
    const come = ({ target }: FocusEvent) => {
      const rows = [...element.children]
      const at = rows.findIndex(row => target instanceof Node && row.contains(target))
      const row = rows[at]
      last.current = row === undefined ? null : { row, at }
    }
    const leave = ({ relatedTarget }: FocusEvent) => {
      // Nowhere: the row may have gone.
      if (relatedTarget !== null) last.current = null
    }
    element.addEventListener('focusin', come)
    element.addEventListener('focusout', leave)
    return () => {
      element.removeEventListener('focusin', come)
      element.removeEventListener('focusout', leave)
    }
  }, [list])
  useEffect(() => {
    const element = list.current
    if (element === null || last.current === null || last.current.row.isConnected) return
    const { at } = last.current
    last.current = null
    if (document.activeElement !== document.body) return
    const row = element.children[Math.min(at, element.children.length - 1)]
    const next = row?.querySelector<HTMLElement>('a.run-card-name, button')
    ;(next ?? document.querySelector<HTMLElement>('.runs-search'))?.focus()
  })
}
