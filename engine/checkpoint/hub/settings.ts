/**
 * Where the Hub is, where its cache lies and who asks, from the environment variables that Python's
 * `huggingface_hub` reads, so that both agree on one machine without any setting of our own.
 */
import { readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import { CheckpointError } from '../../errors.ts'
import { errorCode, shown } from '../json-file.ts'

const PUBLIC_HUB = 'https://huggingface.co'
const TRUE = /^(1|on|yes|true)$/i

export interface HubSettings {
  /** Without a slash at the end. */
  readonly endpoint: string
  /** The folder that holds `models--OWNER--NAME`. */
  readonly cacheDir: string
  readonly token: string | null
  /** Whether only what is in the cache may be used. */
  readonly offline: boolean
}

type Environment = Readonly<Record<string, string | undefined>>

function variable(env: Environment, ...names: readonly string[]): string | null {
  for (const name of names) {
    const value = env[name]?.trim()
    if (value !== undefined && value !== '') return value
  }
  return null
}

function folder(path: string): string {
  return resolve(path === '~' || path.startsWith('~/') ? join(homedir(), path.slice(1)) : path)
}

function homeFolder(env: Environment): string {
  const given = variable(env, 'HF_HOME')
  return folder(given ?? join(variable(env, 'XDG_CACHE_HOME') ?? '~/.cache', 'huggingface'))
}

/** The folder of downloaded models. */
export function cacheFolder(env: Environment = process.env): string {
  return folder(variable(env, 'HF_HUB_CACHE', 'HUGGINGFACE_HUB_CACHE') ?? join(homeFolder(env), 'hub'))
}

function readToken(env: Environment): string | null {
  const given = variable(env, 'HF_TOKEN', 'HUGGING_FACE_HUB_TOKEN')
  const path = folder(variable(env, 'HF_TOKEN_PATH') ?? join(homeFolder(env), 'token'))
  let token = given ?? ''
  if (given === null) {
    try {
      token = readFileSync(path, 'utf8').trim()
    } catch (error) {
      if (errorCode(error) === 'ENOENT' || errorCode(error) === 'ENOTDIR') return null
      throw new CheckpointError(`${path}: expected a file with the Hub's token, got ${errorCode(error)}`)
    }
  }
  if (token === '') return null
  // Never shown: not even a wrong one belongs in a log.
  if (!/^[\x21-\x7e]+$/.test(token)) {
    throw new CheckpointError(
      `${given === null ? path : 'HF_TOKEN'}: expected a token of the Hub (hf_…), got text with blanks or other signs in it`,
    )
  }
  return token
}

function readEndpoint(env: Environment): string {
  const text = variable(env, 'HF_ENDPOINT') ?? PUBLIC_HUB
  const url = URL.canParse(text) ? new URL(text) : null
  if (url !== null && /^https?:$/.test(url.protocol) && url.search === '' && url.hash === '') {
    return text.replace(/\/+$/, '')
  }
  throw new CheckpointError(`HF_ENDPOINT: expected an address such as ${PUBLIC_HUB}, got ${shown(text)}`)
}

/** @throws CheckpointError if the token file cannot be read, or a variable holds what it cannot. */
export function hubSettings(env: Environment = process.env): HubSettings {
  return {
    endpoint: readEndpoint(env),
    cacheDir: cacheFolder(env),
    token: readToken(env),
    offline: TRUE.test(variable(env, 'HF_HUB_OFFLINE', 'TRANSFORMERS_OFFLINE') ?? ''),
  }
}
