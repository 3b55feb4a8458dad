/** What the Hub's refusals mean for a reader, in one sentence that says what to do. */
import { CheckpointError } from '../../errors.ts'
import { errorCode } from '../json-file.ts'
import { type ModelReference, referenceText } from './reference.ts'
import type { HubSettings } from './settings.ts'

/** The codes of systems that cannot be reached, in words. */
const NETWORK: Readonly<Record<string, string>> = {
  ENOTFOUND: 'its name is not known here',
  EAI_AGAIN: 'its name cannot be looked up now',
  ECONNREFUSED: 'it refuses connections',
  ECONNRESET: 'it broke the connection',
  ETIMEDOUT: 'it does not answer',
  UND_ERR_CONNECT_TIMEOUT: 'it does not answer',
  UND_ERR_SOCKET: 'it broke the connection',
}

/** Why the Hub refused. The Hub names its reason in a header; a mirror may not. */
export function refusal(response: Response, reference: ModelReference, settings: HubSettings): CheckpointError {
  const { id, revision } = reference
  const { endpoint, token } = settings
  const code = response.headers.get('x-error-code')
  const { status } = response
  const say = (text: string) => new CheckpointError(`${referenceText(reference)}: ${text}`)
  if (code === 'GatedRepo' || (status === 403 && code === null)) {
    const who = token === null ? 'no token was sent' : 'the account of your token has not been let in'
    return say(
      `its owner asks readers to accept terms first, and ${who} (${status}): accept them at ${endpoint}/${id}, ` +
        'then set HF_TOKEN to a token of that account',
    )
  }
  if (code === 'RevisionNotFound') {
    return say(`${id} has no branch, tag or commit ${revision} (404): see ${endpoint}/${id}/tree/main for those it has`)
  }
  if (status === 401 && token !== null && code !== 'RepoNotFound') {
    return say(
      `the Hub refuses your token (401): it is wrong or expired; make a new one at ${endpoint}/settings/tokens`,
    )
  }
  // To strangers the Hub answers 401 for what is private and for what does not exist alike.
  if (status === 401 || status === 404) {
    const access = token === null ? 'set HF_TOKEN to a token that may read it' : 'use a token that may read it'
    return say(`${endpoint} has no such model (${status}): check owner and name; if it is private, ${access}`)
  }
  if (status === 403) return say(`the Hub does not let your token read it (403): use one with read access to ${id}`)
  if (status === 429) return say('the Hub asks to wait (429): too many requests came from here; try again in a while')
  if (status >= 500) return say(`the Hub fails (${status}): try again later`)
  return say(`expected ${endpoint} to answer as the Hub does, got status ${status}`)
}

/** Why nothing came back at all. */
export function unreachable(error: unknown, reference: ModelReference, settings: HubSettings): CheckpointError {
  const cause = error instanceof Error && error.cause !== undefined ? error.cause : error
  const code = errorCode(cause)
  return new CheckpointError(
    `${referenceText(reference)}: ${settings.endpoint} cannot be reached (${NETWORK[code] ?? code}): check the network ` +
      'and HF_ENDPOINT; models that are here already need none (patchlight models)',
  )
}
