/**
 * `fetch` as the Hub needs it: the token goes to the Hub's own origin and nowhere else (files are
 * served by other hosts, to which the Hub redirects), failures that pass are tried again, and what
 * is refused becomes one sentence. `@huggingface/hub` makes its calls through it too.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { CheckpointError } from '../../errors.ts'
import { refusal, unreachable } from './explain.ts'
import type { ModelReference } from './reference.ts'
import type { HubSettings } from './settings.ts'

export interface Patience {
  /** Attempts in a row that bring nothing, before giving up. */
  readonly attempts: number
  /** Before the second attempt; it doubles from there. */
  readonly pauseMs: number
  /** How long a silent server is waited for, before its answer and in the midst of it. */
  readonly silenceMs: number
}

export const PATIENCE: Patience = { attempts: 5, pauseMs: 500, silenceMs: 30_000 }

const MAX_REDIRECTS = 10
/** A server that asks for a longer pause is not worth waiting for. */
const MAX_PAUSE_MS = 60_000
const PASSING = new Set([408, 425, 429, 500, 502, 503, 504])
const REDIRECT = new Set([301, 302, 303, 307, 308])

export function pauseMs({ pauseMs: first }: Patience, failures: number): number {
  return Math.min(MAX_PAUSE_MS, first * 2 ** (failures - 1))
}

function askedPauseMs(response: Response): number {
  const seconds = Number(response.headers.get('retry-after') ?? Number.NaN)
  return Number.isFinite(seconds) ? Math.min(MAX_PAUSE_MS, seconds * 1000) : 0
}

async function discard(response: Response): Promise<void> {
  await response.body?.cancel().catch(() => {})
}

/** An unreachable server is given up by the clock, but a body that comes slowly is not: its reader watches it. */
async function fetchHeaders(url: URL, init: RequestInit, silenceMs: number, signal: AbortSignal | null) {
  const silence = new AbortController()
  const timer = setTimeout(() => silence.abort(new Error('it does not answer')), silenceMs)
  const signals = signal === null ? [silence.signal] : [silence.signal, signal]
  try {
    return await fetch(url, { ...init, redirect: 'manual', signal: AbortSignal.any(signals) })
  } finally {
    clearTimeout(timer)
  }
}

export interface HubFetchOptions {
  readonly reference: ModelReference
  readonly settings: HubSettings
  readonly patience: Patience
  readonly signal: AbortSignal | null
}

/** A `fetch` for one model. Its answers are 2xx, or 416 for a range that is not there. @throws CheckpointError */
export function hubFetch({ reference, settings, patience, signal }: HubFetchOptions): typeof fetch {
  const { origin } = new URL(settings.endpoint)

  async function follow(start: URL, init: RequestInit): Promise<Response> {
    let url = start
    for (let hop = 0; hop <= MAX_REDIRECTS; hop++) {
      const headers = new Headers(init.headers)
      headers.delete('authorization')
      if (url.origin === origin && settings.token !== null) headers.set('authorization', `Bearer ${settings.token}`)
      const response = await fetchHeaders(url, { ...init, headers }, patience.silenceMs, signal)
      const location = REDIRECT.has(response.status) ? response.headers.get('location') : null
      if (location === null) return response
      await discard(response)
      const next = URL.canParse(location, url) ? new URL(location, url) : null
      if (next === null || (next.protocol !== 'https:' && next.protocol !== url.protocol)) {
        throw new CheckpointError(`${reference.id}: expected a redirect to another https address, got ${location}`)
      }
      url = next
    }
    throw new CheckpointError(`${reference.id}: ${settings.endpoint} redirects more than ${MAX_REDIRECTS} times`)
  }

  return async (input, init = {}) => {
    const url = new URL(input instanceof Request ? input.url : input)
    for (let failures = 1; ; failures++) {
      let response: Response
      try {
        response = await follow(url, init)
      } catch (error) {
        signal?.throwIfAborted()
        if (error instanceof CheckpointError) throw error
        if (failures >= patience.attempts) throw unreachable(error, reference, settings)
        await sleep(pauseMs(patience, failures), undefined, signal === null ? {} : { signal })
        continue
      }
      if (response.ok || response.status === 416) return response
      await discard(response)
      if (!PASSING.has(response.status) || failures >= patience.attempts) throw refusal(response, reference, settings)
      const wait = Math.max(pauseMs(patience, failures), askedPauseMs(response))
      await sleep(wait, undefined, signal === null ? {} : { signal })
    }
  }
}
