/**
 * Who may talk to the server. It starts computations and reads checkpoint folders, so a web page of
 * another origin must not reach it: not by a plain request (`Origin`, `Sec-Fetch-Site`), and not by a
 * name of its own that resolves to this machine (`Host`; DNS rebinding). Where the server listens to
 * more than this machine, a token is asked for as well.
 *
 * Ports are not compared in `Host`, because a forwarded port (ssh -L) has another number.
 */
import { createHash, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { hostname, networkInterfaces } from 'node:os'
import type { Refusal } from './errors.ts'

export interface GuardOptions {
  /** The address that the server listens on. */
  readonly host: string
  /** Asked of every request when given. */
  readonly token?: string
}

export interface Guard {
  readonly token: string | undefined
  /** Null where a request or a socket's handshake may go on. */
  check(request: IncomingMessage): Refusal | null
  /** The `Set-Cookie` for a request that came with the right token in its address, else null. */
  cookieFor(request: IncomingMessage): string | null
}

const COOKIE = 'patchlight_token'

export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host)
}

export function createGuard({ host, token }: GuardOptions): Guard {
  return {
    token,
    check(request) {
      return checkHost(request, host) ?? checkOrigin(request) ?? checkToken(request, token)
    },
    cookieFor(request) {
      if (token === undefined || !same(queryToken(request), token)) return null
      return `${COOKIE}=${encodeURIComponent(token)}; HttpOnly; SameSite=Strict; Path=/`
    },
  }
}

function checkHost(request: IncomingMessage, listening: string): Refusal | null {
  const name = hostName(request.headers.host)
  const local = name !== null && (isLoopback(name) || name.endsWith('.localhost'))
  if (local || (name !== null && !isLoopback(listening) && ownNames(listening).has(name))) return null
  const expected = isLoopback(listening) ? 'localhost' : `localhost or ${[...ownNames(listening)].join(', ')}`
  return {
    status: 403,
    message: `Host: expected ${expected}, got another name; open the address that Patchlight printed when it started`,
  }
}

function checkOrigin(request: IncomingMessage): Refusal | null {
  const { origin, host } = request.headers
  const site = request.headers['sec-fetch-site']
  const foreign =
    origin === undefined
      ? // A link from elsewhere to a run is welcome; an image or a script that asks for one is not.
        (site === 'cross-site' || site === 'same-site') && request.headers['sec-fetch-mode'] !== 'navigate'
      : hostAndPort(origin) !== host?.toLowerCase()
  if (!foreign) return null
  return { status: 403, message: "Origin: expected Patchlight's own page, got a request from another origin" }
}

function checkToken(request: IncomingMessage, token: string | undefined): Refusal | null {
  if (token === undefined) return null
  const given = [queryToken(request), cookieToken(request), bearerToken(request)]
  if (given.some(candidate => same(candidate, token))) return null
  return { status: 401, message: 'token: expected the one that Patchlight printed when it started (?token=…)' }
}

/** Names and addresses by which other machines may know this one. */
function ownNames(listening: string): ReadonlySet<string> {
  const addresses = Object.values(networkInterfaces()).flatMap(entries => entries?.map(entry => entry.address) ?? [])
  return new Set([listening, hostname(), ...addresses].map(name => name.toLowerCase()))
}

/** The name in a `Host` header, without brackets and port. */
function hostName(host: string | undefined): string | null {
  return parsed(`http://${host ?? ''}`)?.hostname.replace(/^\[|\]$/g, '') ?? null
}

function hostAndPort(origin: string): string | null {
  return parsed(origin)?.host ?? null
}

function parsed(url: string): URL | null {
  return URL.canParse(url) ? new URL(url) : null
}

function queryToken(request: IncomingMessage): string | undefined {
  return parsed(`http://host${request.url ?? ''}`)?.searchParams.get('token') ?? undefined
}

function cookieToken(request: IncomingMessage): string | undefined {
  const pairs = (request.headers.cookie ?? '').split(';').map(pair => pair.trim().split('='))
  const value = pairs.find(([name]) => name === COOKIE)?.[1]
  try {
    return value === undefined ? undefined : decodeURIComponent(value)
  } catch {
    return undefined
  }
}

function bearerToken(request: IncomingMessage): string | undefined {
  return /^Bearer (.+)$/i.exec(request.headers.authorization ?? '')?.[1]
}

/** Hashes have one length, which the comparison in constant time asks for. */
function same(given: string | undefined, token: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest()
  return given !== undefined && timingSafeEqual(digest(given), digest(token))
}
