/**
 * The cache that Python's `huggingface_hub` and we share:
 *
 *   models--OWNER--NAME/blobs/ETAG                   a file's content
 *   models--OWNER--NAME/snapshots/COMMIT/config.json a link to its blob
 *   models--OWNER--NAME/refs/main                    the commit that a branch or tag was at
 *
 * `@huggingface/hub` scans it too, but drops every model that has a branch without a snapshot, or no
 * branch at all, as Python leaves them after a cut or a pull by commit; hence our own reading.
 */
import { copyFile, link, mkdir, readdir, readFile, rm, stat, symlink } from 'node:fs/promises'
import { basename, dirname, join, relative, sep } from 'node:path'
import { CheckpointError } from '../../errors.ts'
import { findWeightFiles } from '../weight-files.ts'
import { COMMIT, DEFAULT_REVISION, type ModelReference, readReference } from './reference.ts'

const PREFIX = 'models--'

/** The folder of one model. */
export function modelFolder(cacheDir: string, id: string): string {
  return join(cacheDir, PREFIX + id.replace('/', '--'))
}

export function blobPath(cacheDir: string, id: string, etag: string): string {
  return join(modelFolder(cacheDir, id), 'blobs', etag)
}

export function snapshotFolder(cacheDir: string, id: string, commit: string): string {
  return join(modelFolder(cacheDir, id), 'snapshots', commit)
}

/** The file that says which commit a branch or tag is at. */
export function refPath(cacheDir: string, { id, revision }: ModelReference): string {
  return join(modelFolder(cacheDir, id), 'refs', ...revision.split('/'))
}

/** The model whose snapshot a folder is: `OWNER/NAME`; null for any other folder. */
export function snapshotName(dir: string): string | null {
  const snapshots = dirname(dir)
  const folder = basename(dirname(snapshots))
  if (basename(snapshots) !== 'snapshots' || !COMMIT.test(basename(dir)) || !folder.startsWith(PREFIX)) return null
  return readReference(folder.slice(PREFIX.length).replace('--', '/'))?.id ?? null
}

/** A link without the cache's own path in it, so that the cache can be moved. */
function symlinkWithin(blob: string, path: string): Promise<void> {
  return symlink(relative(dirname(path), blob), path)
}

/**
 * Shows a blob under its file's name, as a link where the disk has links and as a copy where it has none.
 * @param ways in which a second name can be given, best first
 */
export async function linkBlob(
  blob: string,
  path: string,
  ways: readonly ((blob: string, path: string) => Promise<void>)[] = [symlinkWithin, link, copyFile],
): Promise<void> {
  await mkdir(dirname(path), { recursive: true })
  await rm(path, { force: true })
  let last: unknown
  for (const way of ways) {
    try {
      return await way(blob, path)
    } catch (error) {
      // Another process that pulls the same model was here between the removal and now.
      if ((await fileBytes(path)) === (await fileBytes(blob))) return
      last = error
    }
  }
  throw last
}

/** A file's size, through links; null if there is none. */
export async function fileBytes(path: string): Promise<number | null> {
  try {
    const found = await stat(path)
    return found.isFile() ? found.size : null
  } catch {
    return null
  }
}

/** Whether a snapshot has its config and every file of its weights: Python may have fetched a part only. */
async function isComplete(dir: string): Promise<boolean> {
  try {
    const { files } = await findWeightFiles(dir)
    const sizes = await Promise.all(['config.json', ...files].map(name => fileBytes(join(dir, name))))
    return sizes.every(bytes => bytes !== null)
  } catch (error) {
    if (error instanceof CheckpointError) return false
    throw error
  }
}

async function commitOf(cacheDir: string, reference: ModelReference): Promise<string | null> {
  if (COMMIT.test(reference.revision)) return reference.revision
  try {
    const commit = (await readFile(refPath(cacheDir, reference), 'utf8')).trim()
    return COMMIT.test(commit) ? commit : null
  } catch {
    return null
  }
}

/** The folder of a model that is here, whole; null if it is not. */
export async function findCached(cacheDir: string, reference: ModelReference): Promise<string | null> {
  const commit = await commitOf(cacheDir, reference)
  if (commit === null) return null
  const dir = snapshotFolder(cacheDir, reference.id, commit)
  return (await isComplete(dir)) ? dir : null
}

export interface CachedModel {
  readonly reference: ModelReference
  readonly dir: string
}

async function namesIn(dir: string): Promise<string[]> {
  return (await readdir(dir).catch(() => [])).sort()
}

/** The commits that branches and tags are at. */
async function readRefs(folder: string): Promise<Map<string, string>> {
  const refs = new Map<string, string>()
  const root = join(folder, 'refs')
  const entries = await readdir(root, { recursive: true }).catch(() => [])
  for (const name of entries.sort()) {
    const commit = await readFile(join(root, name), 'utf8').catch(() => '')
    const known = refs.get(commit.trim())
    if (known === undefined || name === DEFAULT_REVISION) refs.set(commit.trim(), name.split(sep).join('/'))
  }
  return refs
}

/** Every model that is here, whole, one entry a snapshot; an unreadable or missing cache holds none. */
export async function listCached(cacheDir: string): Promise<CachedModel[]> {
  const models: CachedModel[] = []
  for (const name of await namesIn(cacheDir)) {
    if (!name.startsWith(PREFIX)) continue
    const folder = join(cacheDir, name)
    const refs = await readRefs(folder)
    for (const commit of await namesIn(join(folder, 'snapshots'))) {
      const dir = join(folder, 'snapshots', commit)
      const id = snapshotName(dir)
      if (id === null || !(await isComplete(dir))) continue
      models.push({ reference: { id, revision: refs.get(commit) ?? commit }, dir })
    }
  }
  return models
}
