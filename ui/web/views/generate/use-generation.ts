/** One generation as a view follows it: its two texts as they grow, and how it stands. */
import { useEffect, useRef, useState } from 'react'
import type {
  GenerateEvent,
  GenerateRequest,
  GenerateSide,
  TokenView,
} from '../../../../studies/runs/workbench-types.ts'
import { api } from '../../../client/api.ts'

export interface SideText {
  readonly text: string
  readonly tokens: number
  /** Null while it grows. */
  readonly finish: string | null
}

export interface Generation {
  /** `asked`: nothing has come yet. */
  readonly state: 'idle' | 'asked' | 'growing' | 'done' | 'stopped' | 'failed'
  /** Why it waits, or what went wrong. */
  readonly sentence: string | null
  readonly steered: boolean
  readonly prompt: TokenView | null
  readonly sides: Readonly<Record<GenerateSide, SideText>>
}

const EMPTY: SideText = { text: '', tokens: 0, finish: null }
const IDLE: Generation = {
  state: 'idle',
  sentence: null,
  steered: false,
  prompt: null,
  sides: { unsteered: EMPTY, steered: EMPTY },
}

export function afterEvent(before: Generation, event: GenerateEvent): Generation {
  if (event.type === 'waiting') return { ...before, sentence: event.text }
  if (event.type === 'began') return { ...before, state: 'growing', sentence: null, prompt: event.prompt }
  const side = before.sides[event.side]
  const next: SideText =
    event.type === 'end'
      ? { ...side, finish: event.finish }
      : { ...side, text: side.text + event.text, tokens: side.tokens + 1 }
  return { ...before, sides: { ...before.sides, [event.side]: next } }
}

export function useGeneration() {
  const [generation, setGeneration] = useState(IDLE)
  const controller = useRef<AbortController | null>(null)
  // Leaving the page ends the work.
  useEffect(() => () => controller.current?.abort(), [])

  const start = async (request: GenerateRequest) => {
    controller.current?.abort()
    const own = new AbortController()
    controller.current = own
    setGeneration({ ...IDLE, state: 'asked', steered: request.interventions !== undefined })
    const change = (next: (before: Generation) => Generation) => {
      if (controller.current === own) setGeneration(next)
    }
    try {
      await api.generate(request, event => change(before => afterEvent(before, event)), own.signal)
      change(before => ({ ...before, state: 'done', sentence: null }))
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error)
      change(before =>
        own.signal.aborted
          ? { ...before, state: 'stopped', sentence: null }
          : { ...before, state: 'failed', sentence: text },
      )
    }
  }
  return { generation, start, stop: () => controller.current?.abort() }
}
