/** A link inside the page: a real address, followed without a reload. */
import type { MouseEvent, ReactNode } from 'react'
import { formatRoute, navigate, type Route } from '../services/route.ts'

interface LinkProps {
  readonly to: Route
  readonly children: ReactNode
  readonly className?: string
  readonly label?: string
  readonly current?: boolean
}

export function Link({ to, children, className, label, current }: LinkProps) {
  const follow = (event: MouseEvent) => {
    if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return
    event.preventDefault()
    navigate(to)
  }
  return (
    <a
      href={formatRoute(to)}
      className={className}
      aria-label={label}
      aria-current={current === true ? 'page' : undefined}
      onClick={follow}
    >
      {children}
    </a>
  )
}
