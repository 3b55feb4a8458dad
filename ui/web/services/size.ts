/** What a component needs to know of its place on the screen: how wide it is, and whether it can be seen. */
import { type RefObject, useEffect, useLayoutEffect, useState } from 'react'

/**
 * Width of the content in CSS pixels, known before the first paint, so that nothing below it jumps;
 * changes of less than a pixel do not count.
 */
export function useWidth(ref: RefObject<HTMLElement | null>): number {
  const [width, setWidth] = useState(0)
  useLayoutEffect(() => {
    const element = ref.current
    if (element === null) return
    const { paddingLeft, paddingRight } = window.getComputedStyle(element)
    setWidth(Math.max(0, Math.floor(element.clientWidth - parseFloat(paddingLeft) - parseFloat(paddingRight))))
  }, [ref])
  useEffect(() => {
    const element = ref.current
    if (element === null) return
    const observer = new ResizeObserver(entries => {
      const measured = entries[0]?.contentRect.width
      if (measured !== undefined) setWidth(Math.floor(measured))
    })
    observer.observe(element)
    return () => observer.disconnect()
  }, [ref])
  return width
}

/** Keeps the element's height in a custom property of the document, for what is placed under it. */
export function useHeightAs(property: `--${string}`, ref: RefObject<HTMLElement | null>): void {
  useLayoutEffect(() => {
    const element = ref.current
    if (element === null) return
    const tell = () =>
      document.documentElement.style.setProperty(property, `${element.getBoundingClientRect().height}px`)
    tell()
    const observer = new ResizeObserver(tell)
    observer.observe(element)
    return () => observer.disconnect()
  }, [property, ref])
}

/** Counts as seen a little before it scrolls into view. */
const MARGIN = '300px'

/** True while the element is on the screen or nearly: figures elsewhere need not be redrawn. */
export function useSeen(ref: RefObject<HTMLElement | null>): boolean {
  const [seen, setSeen] = useState(false)
  useEffect(() => {
    const element = ref.current
    if (element === null) return
    const observer = new IntersectionObserver(entries => setSeen(entries.at(-1)?.isIntersecting === true), {
      rootMargin: MARGIN,
    })
    observer.observe(element)
    return () => observer.disconnect()
  }, [ref])
  return seen
}
