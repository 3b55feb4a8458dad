/** Many small things in a box of their own that scrolls, begun where the first marked one is; few stand as they are. */
import { type ReactNode, useEffect, useRef } from 'react'
import './scroll-box.css'

interface ScrollBoxProps {
  readonly items: number
  readonly name: string
  readonly children: ReactNode
}

/** More than this fill half a screen. */
const MANY = 150

export function ScrollBox({ items, name, children }: ScrollBoxProps) {
  const box = useRef<HTMLDivElement>(null)
  const scrolls = items > MANY
  useEffect(() => {
    const marked = scrolls ? box.current?.querySelector<HTMLElement>('.token-marked') : null
    if (box.current !== null && marked !== null && marked !== undefined)
      box.current.scrollTop = marked.offsetTop - box.current.offsetTop - box.current.clientHeight / 2
  }, [scrolls])
  // What scrolls must be reachable without a mouse.
  const reachable = scrolls ? { tabIndex: 0, role: 'group', 'aria-label': `${name}, scrolls` } : {}
  return (
    <div ref={box} className={scrolls ? 'scroll-box' : undefined} {...reachable}>
      {children}
    </div>
  )
}
