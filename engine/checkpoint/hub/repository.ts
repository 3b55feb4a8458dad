/** What the Hub says of a repository: its commit and its files, asked through `@huggingface/hub` and checked. */
import { CheckpointError } from '../../errors.ts'
import { shown } from '../json-file.ts'
import { COMMIT, type ModelReference, referenceText } from './reference.ts'
import type { HubSettings } from './settings.ts'

export interface HubFile {
  readonly name: string
  readonly bytes: number
  /** The blob's name in the cache: what the file's content hashes to. */
  readonly etag: string
  /** `sha256` for files in large file storage; `git` (SHA-1 of git's blob) for the others. */
  readonly hash: 'sha256' | 'git'
}

export interface Repository {
  readonly commit: string
  /** Files at the top of the repository, by name: checkpoints have theirs nowhere else. */
  readonly files: ReadonlyMap<string, HubFile>
}

const SHA256 = /^[0-9a-f]{64}$/
/** A file's name, and no way out of a folder. */
const PLAIN_NAME = /^(?!\.\.?$)[^/\\:\0]{1,255}$/

interface Entry {
  readonly path: string
  readonly size: number
  readonly oid?: string
  readonly lfs?: { readonly oid: string; readonly size: number }
}

function checkedFile({ path, size, oid, lfs }: Entry, say: (text: string) => CheckpointError): HubFile {
  if (typeof path !== 'string' || !PLAIN_NAME.test(path)) {
    throw say(`its list of files names ${shown(path)}, which would lead out of its folder: it is not fetched`)
  }
  const bytes = lfs?.size ?? size
  const etag = lfs?.oid ?? oid
  const form = lfs === undefined ? COMMIT : SHA256
  if (!Number.isSafeInteger(bytes) || bytes < 0 || typeof etag !== 'string' || !form.test(etag)) {
    throw say(`${path}: expected a size and a checksum in the Hub's list of files, got ${shown({ size: bytes, etag })}`)
  }
  return { name: path, bytes, etag, hash: lfs === undefined ? 'git' : 'sha256' }
}

/** Asks for the commit of a revision, and for the files of that commit. @throws CheckpointError */
export async function readRepository(
  reference: ModelReference,
  settings: HubSettings,
  fetcher: typeof fetch,
): Promise<Repository> {
  const say = (text: string) => new CheckpointError(`${referenceText(reference)}: ${text}`)
  // Loaded here: nothing but a pull needs it.
  const { listFiles, modelInfo } = await import('@huggingface/hub')
  const common = { hubUrl: settings.endpoint, fetch: fetcher }
  const files = new Map<string, HubFile>()
  let commit: string
  try {
    const info = await modelInfo({
      ...common,
      name: reference.id,
      revision: reference.revision,
      additionalFields: ['sha'],
    })
    commit = info.sha
    if (!COMMIT.test(commit)) throw say(`expected a commit from the Hub, got ${shown(commit)}`)
    const list = listFiles({ ...common, repo: { type: 'model', name: reference.id }, revision: commit })
    for await (const entry of list) {
      if (entry.type === 'file') files.set(entry.path, checkedFile(entry, say))
    }
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof TypeError) {
      throw say(`expected ${settings.endpoint} to answer as the Hub does: ${error.message}; check HF_ENDPOINT`)
    }
    throw error
  }
  return { commit, files }
}
