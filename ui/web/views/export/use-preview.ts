/** The picture as it will be written: asked for a moment after the last change, and given up when another comes. */
import { useEffect, useState } from 'react'

export interface Preview {
  /** An address of the drawn SVG; null before the first. */
  readonly url: string | null
  readonly widthIn: number
  readonly heightIn: number
  readonly bytes: number
}

export interface PreviewState {
  readonly preview: Preview | null
  readonly problem: string | null
  readonly loading: boolean
}

/** Typing a width changes it three times. */
const PAUSE_MS = 250

/** @param address of the SVG; null where there is none to show */
export function usePreview(address: string | null): PreviewState {
  const [state, setState] = useState<PreviewState>({ preview: null, problem: null, loading: address !== null })
  useEffect(() => {
    if (address === null) return
    const controller = new AbortController()
    setState(before => ({ ...before, loading: true }))
    const timer = setTimeout(() => {
      load(address, controller.signal).then(
        preview => setState({ preview, problem: null, loading: false }),
        error => {
          if (controller.signal.aborted) return
          setState({ preview: null, problem: error instanceof Error ? error.message : String(error), loading: false })
        },
      )
    }, PAUSE_MS)
    return () => {
      clearTimeout(timer)
      controller.abort()
    }
  }, [address])
  const url = state.preview?.url ?? null
  useEffect(() => () => (url === null ? undefined : URL.revokeObjectURL(url)), [url])
  return state
}

async function load(address: string, signal: AbortSignal): Promise<Preview> {
  const response = await fetch(address, { signal })
  if (!response.ok) throw new Error(await sentence(response))
  const text = await response.text()
  const [, widthIn, heightIn] = /^<svg [^>]*?width="([\d.]+)in" height="([\d.]+)in"/.exec(text) ?? []
  return {
    url: URL.createObjectURL(new Blob([text], { type: 'image/svg+xml' })),
    widthIn: Number(widthIn),
    heightIn: Number(heightIn),
    bytes: new Blob([text]).size,
  }
}

async function sentence(response: Response): Promise<string> {
  const answer: unknown = await response.json().catch(() => null)
  if (typeof answer === 'object' && answer !== null && 'error' in answer) return String(answer.error)
  return `The server answered ${response.status}.`
}
