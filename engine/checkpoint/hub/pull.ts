/**
 * A model of the Hub into the cache that Python's libraries use too, so that neither fetches what the
 * other has. Config and index come first: a model that we cannot run is refused before its weights
 * are fetched. A branch is written down as pulled only once its snapshot is whole.
 */
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { CheckpointError } from '../../errors.ts'
import { familyOf } from '../../families/registry.ts'
import { configReader } from '../config.ts'
import { parseJsonObject } from '../json-file.ts'
import { INDEX } from '../weight-files.ts'
import { fetchBlob } from './blob.ts'
import { blobPath, fileBytes, findCached, linkBlob, modelFolder, refPath, snapshotFolder } from './cache.ts'
import { diskError, expectRoom } from './disk.ts'
import { hubFetch, PATIENCE, type Patience } from './hub-fetch.ts'
import { withLock } from './lock.ts'
import { Meter, type Rate } from './meter.ts'
import { CONFIG, firstFiles, neededFiles } from './needed-files.ts'
import { COMMIT, type ModelReference, parseReference, referenceText } from './reference.ts'
import { type HubFile, type Repository, readRepository } from './repository.ts'
import { type HubSettings, hubSettings } from './settings.ts'

export interface PullProgress extends Rate {
  readonly file: string
  /** `check`: the file is here and its checksum is taken. */
  readonly step: 'fetch' | 'check'
  /** Of all files, with what was here before. */
  readonly doneBytes: number
  readonly totalBytes: number
}

export interface PullOptions {
  /** @default from the environment, as Python's libraries read it */
  readonly settings?: HubSettings
  /** @default five attempts, half a second and more apart */
  readonly patience?: Patience
  readonly signal?: AbortSignal
  readonly onProgress?: (progress: PullProgress) => void
  /** Another process pulls this model now, and is waited for. */
  readonly onWait?: () => void
}

export interface PulledModel {
  /** The checkpoint folder. */
  readonly dir: string
  readonly id: string
  readonly revision: string
  readonly commit: string
  readonly files: readonly { readonly name: string; readonly bytes: number }[]
  /** Less than the files' sum where some were here before. */
  readonly fetchedBytes: number
}

/**
 * Fetches what a checkpoint needs of `OWNER/NAME[@REVISION]`, and nothing else; never a pickle.
 * @returns the checkpoint folder, in the cache
 * @throws CheckpointError, one sentence that says what to do; the signal's reason when it is stopped
 */
export async function pullCheckpoint(model: string, options: PullOptions = {}): Promise<PulledModel> {
  const reference = parseReference(model)
  const settings = options.settings ?? hubSettings()
  if (settings.offline) return fromCache(reference, settings)
  const what = referenceText(reference)
  try {
    return await withLock(
      modelFolder(settings.cacheDir, reference.id),
      options.signal ?? null,
      options.onWait ?? (() => {}),
      () => new Pull(reference, settings, options).run(),
    )
  } catch (error) {
    options.signal?.throwIfAborted()
    throw diskError(error, what, settings.cacheDir)
  }
}

async function fromCache(reference: ModelReference, { cacheDir }: HubSettings): Promise<PulledModel> {
  const dir = await findCached(cacheDir, reference)
  if (dir === null) {
    throw new CheckpointError(
      `${referenceText(reference)}: it is not in the cache ${cacheDir}, and HF_HUB_OFFLINE forbids to fetch it: unset that`,
    )
  }
  const { id, revision } = reference
  return { dir, id, revision, commit: basename(dir), files: [], fetchedBytes: 0 }
}

class Pull {
  readonly #reference: ModelReference
  readonly #settings: HubSettings
  readonly #options: PullOptions
  readonly #what: string
  readonly #patience: Patience
  readonly #signal: AbortSignal | null
  readonly #fetcher: typeof fetch
  readonly #meter = new Meter()
  /** Null until the weights' files are known. */
  #totalBytes: number | null = null
  #doneBytes = 0
  #fetchedBytes = 0

  constructor(reference: ModelReference, settings: HubSettings, options: PullOptions) {
    this.#reference = reference
    this.#settings = settings
    this.#options = options
    this.#what = referenceText(reference)
    this.#patience = options.patience ?? PATIENCE
    this.#signal = options.signal ?? null
    this.#fetcher = hubFetch({ reference, settings, patience: this.#patience, signal: this.#signal })
  }

  async run(): Promise<PulledModel> {
    const repository = await readRepository(this.#reference, this.#settings, this.#fetcher)
    const dir = snapshotFolder(this.#settings.cacheDir, this.#reference.id, repository.commit)
    const first = firstFiles(this.#what, repository)
    for (const file of first) await this.#bring(repository, dir, file)
    await this.#expectSupported(join(dir, CONFIG))
    const index = first.some(file => file.name === INDEX) ? await readFile(join(dir, INDEX), 'utf8') : null

    const files = neededFiles(this.#what, repository, index)
    await this.#expectRoom(files)
    this.#totalBytes = files.reduce((sum, file) => sum + file.bytes, 0)
    for (const file of files) {
      if (!first.includes(file)) await this.#bring(repository, dir, file)
    }
    await this.#writeRef(repository.commit)
    const { id, revision } = this.#reference
    const named = files.map(({ name, bytes }) => ({ name, bytes }))
    return { dir, id, revision, commit: repository.commit, files: named, fetchedBytes: this.#fetchedBytes }
  }

  async #expectSupported(path: string): Promise<void> {
    try {
      const config = configReader({ ...parseJsonObject(await readFile(path, 'utf8'), CONFIG) })
      familyOf(config).spec(config)
    } catch (error) {
      if (error instanceof CheckpointError) throw new CheckpointError(`${this.#what}: ${error.message}`)
      throw error
    }
  }

  async #expectRoom(files: readonly HubFile[]): Promise<void> {
    const { cacheDir } = this.#settings
    let missing = 0
    for (const { etag, bytes } of files) {
      const path = blobPath(cacheDir, this.#reference.id, etag)
      const here = (await fileBytes(path)) ?? (await fileBytes(`${path}.incomplete`)) ?? 0
      missing += Math.max(0, bytes - here)
    }
    await expectRoom(missing, this.#what, cacheDir)
  }

  /** A file into the snapshot; the blob may be here already, from another revision or from Python. */
  async #bring(repository: Repository, dir: string, file: HubFile): Promise<void> {
    const pointer = join(dir, file.name)
    const path = blobPath(this.#settings.cacheDir, this.#reference.id, file.etag)
    const has = async (at: string) => (await fileBytes(at)) === file.bytes
    if (await has(pointer)) return this.#count(file, 'fetch', file.bytes)
    if (await has(path)) this.#count(file, 'fetch', file.bytes)
    else await this.#fetch(repository.commit, file, path)
    await linkBlob(path, pointer)
  }

  async #fetch(commit: string, file: HubFile, path: string): Promise<void> {
    await mkdir(dirname(path), { recursive: true })
    const before = (await fileBytes(`${path}.incomplete`)) ?? 0
    if (before > 0 && before <= file.bytes) this.#count(file, 'fetch', before)
    await fetchBlob({
      what: this.#what,
      url: `${this.#settings.endpoint}/${this.#reference.id}/resolve/${commit}/${encodeURIComponent(file.name)}`,
      file,
      path,
      fetcher: this.#fetcher,
      patience: this.#patience,
      signal: this.#signal,
      onBytes: bytes => {
        if (bytes > 0) {
          this.#fetchedBytes += bytes
          this.#meter.add(bytes, performance.now())
        }
        this.#count(file, 'fetch', bytes)
      },
      onCheck: () => this.#count(file, 'check', 0),
    })
  }

  #count(file: HubFile, step: PullProgress['step'], bytes: number): void {
    this.#doneBytes += bytes
    const [doneBytes, totalBytes] = [this.#doneBytes, this.#totalBytes]
    if (totalBytes === null) return
    const rate = this.#meter.rate(totalBytes - doneBytes)
    this.#options.onProgress?.({ file: file.name, step, doneBytes, totalBytes, ...rate })
  }

  async #writeRef(commit: string): Promise<void> {
    if (COMMIT.test(this.#reference.revision)) return
    const path = refPath(this.#settings.cacheDir, this.#reference)
    await mkdir(dirname(path), { recursive: true })
    const fresh = `${path}.${process.pid}.new`
    try {
      await writeFile(fresh, commit)
      await rename(fresh, path)
    } finally {
      await rm(fresh, { force: true })
    }
  }
}
