/**
 * One file of the Hub into the cache. What arrives goes to `ETAG.incomplete`, whose length says where
 * to go on after a cut; the file gets its name only once its length and checksum, read back from the
 * disk, are those that the Hub lists. Nothing ever cuts that file short: another program that fetches
 * the same blob writes the same bytes to the same places.
 */
import { createHash } from 'node:crypto'
import { constants, createReadStream } from 'node:fs'
import { type FileHandle, open, rename, rm } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { CheckpointError } from '../../errors.ts'
import { fileBytes } from './cache.ts'
import { type Patience, pauseMs } from './hub-fetch.ts'
import type { HubFile } from './repository.ts'

/** A wrong checksum may come from what another program left; twice in a row it comes from the server. */
const MAX_CHECKS = 2

export interface BlobJob {
  /** What errors begin with. */
  readonly what: string
  readonly url: string
  readonly file: HubFile
  /** Where the blob belongs. */
  readonly path: string
  readonly fetcher: typeof fetch
  readonly patience: Patience
  readonly signal: AbortSignal | null
  /** Bytes that arrived; or, negative, bytes that are to be fetched again. */
  readonly onBytes: (bytes: number) => void
  readonly onCheck: () => void
}

/** The first byte of an answer: what was asked for, or 0 from a server that does not know ranges. Null: none. */
function firstByte(response: Response, from: number): number | null {
  if (response.status === 200) return 0
  const [, first] = /^bytes (\d+)-/.exec(response.headers.get('content-range') ?? '') ?? []
  return response.status === 206 && Number(first) === from ? from : null
}

async function nextChunk(reader: ReadableStreamDefaultReader<Uint8Array>, silenceMs: number) {
  const silence = new AbortController()
  const timeout = sleep(silenceMs, undefined, { signal: silence.signal }).then(() => {
    throw new Error('it fell silent')
  })
  try {
    return await Promise.race([reader.read(), timeout])
  } finally {
    silence.abort()
    timeout.catch(() => {})
  }
}

/** Reads one answer into the file from `from` on. Returns the length then; a cut is no error. */
async function receive(job: BlobJob, handle: FileHandle, from: number): Promise<number> {
  const { file, what } = job
  const headers = { 'accept-encoding': 'identity', ...(from > 0 ? { range: `bytes=${from}-` } : {}) }
  const response = await job.fetcher(job.url, { headers })
  const start = firstByte(response, from)
  if (start === null || response.body === null) {
    await response.body?.cancel().catch(() => {})
    return from
  }
  let at = start
  const reader = response.body.getReader()
  try {
    for (;;) {
      const { done, value } = await nextChunk(reader, job.patience.silenceMs)
      if (done) return Math.max(at, from)
      if (at + value.length > file.bytes) {
        throw new CheckpointError(`${what}: ${file.name}: expected ${file.bytes} bytes, got more`)
      }
      await writeAll(handle, value, at)
      job.onBytes(Math.max(0, at + value.length - Math.max(at, from)))
      at += value.length
    }
  } catch (error) {
    job.signal?.throwIfAborted()
    // Of a cut, `fetch` tells in an error of its own; only those of the disk come as the system made them.
    if (error instanceof CheckpointError || (error instanceof Error && 'syscall' in error)) throw error
    return Math.max(at, from)
  } finally {
    await reader.cancel().catch(() => {})
  }
}

async function writeAll(handle: FileHandle, bytes: Uint8Array, at: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    done += (await handle.write(bytes, done, bytes.length - done, at + done)).bytesWritten
  }
}

async function fill(job: BlobJob, incomplete: string): Promise<void> {
  const { file, what, patience, signal } = job
  const handle = await open(incomplete, constants.O_CREAT | constants.O_WRONLY, 0o644)
  try {
    let at = Math.min((await handle.stat()).size, file.bytes)
    for (let failures = 0; at < file.bytes; ) {
      const now = await receive(job, handle, at)
      failures = now > at ? 0 : failures + 1
      at = now
      if (at === file.bytes) return
      if (failures >= patience.attempts) {
        throw new CheckpointError(
          `${what}: ${file.name}: expected ${file.bytes} bytes, got ${at} and then no more in ${failures} attempts; ` +
            'the same command goes on from there',
        )
      }
      await sleep(pauseMs(patience, Math.max(1, failures)), undefined, signal === null ? {} : { signal })
    }
  } finally {
    await handle.close()
  }
}

async function checksum(path: string, { bytes, hash }: HubFile, signal: AbortSignal | null): Promise<string> {
  const sum = createHash(hash === 'sha256' ? 'sha256' : 'sha1')
  if (hash === 'git') sum.update(`blob ${bytes}\0`)
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) {
    signal?.throwIfAborted()
    sum.update(chunk)
  }
  return sum.digest('hex')
}

/**
 * Fetches a blob, from where an earlier pull was cut.
 * @throws CheckpointError if the server does not bring the listed bytes; errors of the file system as they are
 */
export async function fetchBlob(job: BlobJob): Promise<void> {
  const { file, path, what } = job
  const incomplete = `${path}.incomplete`
  for (let checks = 1; ; checks++) {
    if (((await fileBytes(incomplete)) ?? 0) > file.bytes) await rm(incomplete, { force: true })
    await fill(job, incomplete)
    job.onCheck()
    const got = await checksum(incomplete, file, job.signal)
    if (got === file.etag) break
    await rm(incomplete, { force: true })
    if (checks === MAX_CHECKS) {
      throw new CheckpointError(
        `${what}: ${file.name}: expected content of checksum ${file.etag.slice(0, 12)}…, got ${got.slice(0, 12)}…: what ` +
          'the server sends is not what the Hub lists; nothing of it was kept',
      )
    }
    job.onBytes(-file.bytes)
  }
  await rename(incomplete, path)
}
