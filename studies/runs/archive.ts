/**
 * A run as one file, `<id>.patchlight`: a gzip'd tar of its folder (`tar xzf` opens it), with
 * `run.json`, the journal, what people said of it, the study's source where it is the user's own, and
 * the figures exported so far.
 *
 * What comes in is a stranger's: limits on every size, nothing but the files that a run has, each
 * written inside a folder of its own, the record and every event checked. A file that fails in any way
 * leaves nothing behind. Where a run of its id is here already, it gets a new one. Paths are taken out of
 * its record on the way out and on the way in.
 */
import { createReadStream, createWriteStream, existsSync, mkdirSync, readdirSync, rmSync, statSync } from 'node:fs'
import { mkdtemp, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGunzip, createGzip } from 'node:zlib'
import { PatchlightError, StudyError } from '../../engine/errors.ts'
import type { RunId, RunRecord } from './events.ts'
import { ID_PATTERN, newId, RECORD_FILE, readRecord, recordText } from './folder.ts'
import { diskProblem, isErrno, JOURNAL_FILE, readJournal } from './journal.ts'
import { checkJournal } from './journal-check.ts'
import { META_FILE, readMeta, writeMeta } from './meta.ts'
import { SOURCE_NAME } from './source.ts'
import { readTar, type TarFile, writeTar } from './tar.ts'
import { withoutPaths } from './without-paths.ts'

export const ARCHIVE_ENDING = '.patchlight'
const FIGURES = 'figures'
const FIGURE_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,98}$/

/** A run of 131,072 cells with its exports is some 10 MB unpacked; these leave room, and an end. */
const LIMITS = { packedBytes: 64e6, unpackedBytes: 256e6, files: 1000 }
/** What an address of the page takes, and some room. */
const MAX_NAME = 100
/** Where files are unpacked; such a folder is nobody's run. */
const INCOMING = '.incoming-'
const INCOMING_DAYS = 1

/** The bytes of a run's archive as they are made. What a run that computes now does later is not in it. */
export function packRun(dir: string, id: RunId): Readable {
  const gzip = createGzip()
  // What goes wrong on the way ends the reading of `gzip` with the same error.
  pipeline(Readable.from(writeTar(filesOf(dir, id))), gzip).catch(() => {})
  return gzip
}

function* filesOf(dir: string, id: RunId): Generator<TarFile> {
  // A line that is being written this moment stays out.
  const journalBytes = readJournal(join(dir, JOURNAL_FILE)).bytes
  for (const name of readdirSync(dir)) {
    if (name === RECORD_FILE) yield textOf(id, name, recordText(withoutPaths(readRecord(dir))))
    else if (name === JOURNAL_FILE) yield fileOf(dir, id, name, journalBytes)
    else if (isRunFile(name) && statSync(join(dir, name)).isFile()) yield fileOf(dir, id, name)
  }
  const figures = join(dir, FIGURES)
  if (!existsSync(figures)) return
  for (const name of readdirSync(figures)) {
    if (FIGURE_NAME.test(name) && statSync(join(figures, name)).isFile()) yield fileOf(dir, id, `${FIGURES}/${name}`)
  }
}

function fileOf(dir: string, id: RunId, name: string, bytes?: number): TarFile {
  const path = join(dir, name)
  const size = bytes ?? statSync(path).size
  const content = size === 0 ? Readable.from([]) : createReadStream(path, { end: size - 1 })
  return { path: `${id}/${name}`, size, content }
}

function textOf(id: RunId, name: string, text: string): TarFile {
  const content = Buffer.from(text)
  return { path: `${id}/${name}`, size: content.length, content: Readable.from([content]) }
}

function isRunFile(name: string): boolean {
  return name === RECORD_FILE || name === JOURNAL_FILE || name === META_FILE || SOURCE_NAME.test(name)
}

/**
 * Unpacks an archive into a new run.
 * @returns the run's id here
 * @throws StudyError in one sentence for anything that is no archive of a run, or cannot be written
 */
export async function unpackRun(runsDir: string, content: AsyncIterable<Uint8Array>, limits = LIMITS): Promise<RunId> {
  let staging: string
  try {
    mkdirSync(runsDir, { recursive: true })
    staging = await mkdtemp(join(runsDir, INCOMING))
  } catch (error) {
    throw diskProblem(`runs folder ${runsDir}`, error)
  }
  try {
    await extract(staging, content, limits)
    const record = checkedRecord(staging)
    await checkJournal(join(staging, JOURNAL_FILE))
    return await place(runsDir, staging, record)
  } catch (error) {
    throw asSentence(error)
  } finally {
    rmSync(staging, { recursive: true, force: true })
  }
}

/** Removes what imports left that ended with their process. */
export function removeUnfinishedImports(runsDir: string, now = Date.now()): void {
  for (const name of existsSync(runsDir) ? readdirSync(runsDir) : []) {
    if (!name.startsWith(INCOMING)) continue
    const dir = join(runsDir, name)
    const ageMs = now - (statSync(dir, { throwIfNoEntry: false })?.mtimeMs ?? now)
    if (ageMs > INCOMING_DAYS * 24 * 3600 * 1000) rmSync(dir, { recursive: true, force: true })
  }
}

async function extract(staging: string, content: AsyncIterable<Uint8Array>, limits: typeof LIMITS): Promise<void> {
  const gunzip = createGunzip()
  // What goes wrong on the way in ends the reading of `gunzip` with the same error.
  pipeline(Readable.from(limited(content, limits.packedBytes)), gunzip).catch(() => {})
  const seen = new Set<string>()
  for await (const file of readTar(limited(gunzip, limits.unpackedBytes))) {
    const name = nameInRun(file.path)
    if (seen.has(name) || seen.size >= limits.files)
      throw new StudyError('archive: it holds too many files, or one twice')
    seen.add(name)
    if (name.startsWith(FIGURES)) mkdirSync(join(staging, FIGURES), { recursive: true })
    await pipeline(Readable.from(file.content), createWriteStream(join(staging, name), { flags: 'wx', flush: true }))
  }
  for (const needed of [RECORD_FILE, JOURNAL_FILE]) {
    if (!seen.has(needed)) throw new StudyError(`archive: expected the files of a run, got none called ${needed}`)
  }
}

/** Where a file of the archive goes in the run's folder: one of the few places that there are. */
function nameInRun(path: string): string {
  const parts = path.split('/').filter(part => part !== '.')
  const [folder = '', ...rest] = parts
  const name = rest.join('/')
  const known = rest.length === 1 ? isRunFile(name) : rest.length === 2 && rest[0] === FIGURES
  const plain = rest.every(part => FIGURE_NAME.test(part)) && ID_PATTERN.test(folder)
  if (known && plain) return name
  throw new StudyError(`archive: expected the files of one run, got ${JSON.stringify(path.slice(0, 100))}`)
}

async function* limited(content: AsyncIterable<Uint8Array>, most: number): AsyncGenerator<Uint8Array> {
  let bytes = 0
  for await (const chunk of content) {
    bytes += chunk.length
    if (bytes > most) throw new StudyError(`archive: expected at most ${most / 1e6} MB, got more`)
    yield chunk
  }
}

function checkedRecord(staging: string): RunRecord {
  const record = readRecord(staging, 'archive')
  const { id, study, createdAt } = record
  const names = [id, study].every(name => ID_PATTERN.test(name) && name.length <= MAX_NAME)
  if (names && !Number.isNaN(Date.parse(createdAt))) return record
  throw new StudyError('archive: its run.json is damaged: expected an id, a study and a date')
}

const PLACE_ATTEMPTS = 20

/** Gives the unpacked run its id here, and with it its place in the list. */
async function place(runsDir: string, staging: string, record: RunRecord): Promise<RunId> {
  const kept = withoutPaths(record)
  writeMeta(staging, { ...readMeta(staging), imported: { at: new Date().toISOString(), id: record.id } })
  let { id } = record
  for (let attempt = 0; attempt < PLACE_ATTEMPTS; attempt++) {
    if (attempt > 0) id = newId(record.study, new Date(record.createdAt))
    const dir = join(runsDir, id)
    if (existsSync(dir)) continue
    await writeFile(join(staging, RECORD_FILE), recordText({ ...kept, id }), { flush: true })
    try {
      await rename(staging, dir)
      return id
    } catch (error) {
      if (!isErrno(error, 'ENOTEMPTY') && !isErrno(error, 'EEXIST')) throw error
    }
  }
  throw new StudyError(`runs folder ${runsDir}: no free name was found for the run; try again`)
}

function asSentence(error: unknown): Error {
  if (error instanceof PatchlightError) return error
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  if (code.startsWith('Z_')) {
    const what = code === 'Z_BUF_ERROR' ? 'it ends early' : 'it is damaged, or no archive of a run'
    return new StudyError(`archive: ${what}`)
  }
  return diskProblem('archive', error)
}

/** The archive in a file. @throws StudyError if it cannot be read, and as `unpackRun` */
export async function unpackFile(runsDir: string, path: string): Promise<RunId> {
  let content: Uint8Array
  try {
    content = await readFile(path)
  } catch (error) {
    const known = isErrno(error, 'ENOENT')
      ? 'there is no such file'
      : isErrno(error, 'EISDIR')
        ? 'it is a folder'
        : null
    throw new StudyError(`archive ${path}: ${known ?? (error instanceof Error ? error.message : error)}`)
  }
  return unpackRun(runsDir, Readable.from([content]))
}
