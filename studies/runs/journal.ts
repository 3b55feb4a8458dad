/**
 * `journal.ndjson`: one event a line, appended and never changed. It is the truth about a run.
 *
 * Numbers keep their exact float64 value; NaN ("no value") is written as `null`, which JSON has,
 * and ±Infinity as `±1e999`, which every JSON reader takes for infinity.
 *
 * A line is handed to the operating system before anyone is told of it, so no crash of ours loses
 * it. The disk itself is asked (fsync) at most once a second and whenever the state changes, so a
 * power cut costs a second of cells, which a resume computes again.
 */
import {
  closeSync,
  copyFileSync,
  fstatSync,
  fsync,
  fsyncSync,
  ftruncateSync,
  openSync,
  readSync,
  writeSync,
} from 'node:fs'
import { StudyError } from '../../engine/errors.ts'
import type { EventBody, JournalEvent } from './events.ts'

export const JOURNAL_FILE = 'journal.ndjson'
const FSYNC_EVERY_MS = 1000

/** A journal as read: its whole lines, and how many bytes they take. */
export interface JournalContent {
  readonly events: JournalEvent[]
  /** Bytes of the whole lines; what stands after them is a torn line. */
  readonly bytes: number
  /** Set where lines after a damaged one had to be left out. */
  readonly damage: string | null
}

function numberText(value: number): string {
  if (Number.isNaN(value)) return 'null'
  if (value === Number.POSITIVE_INFINITY) return '1e999'
  if (value === Number.NEGATIVE_INFINITY) return '-1e999'
  return Object.is(value, -0) ? '-0' : String(value)
}

/** One line, with its line end. */
export function encodeEvent(event: JournalEvent): string {
  if (event.type !== 'cells') return `${JSON.stringify(event)}\n`
  const { seq, t, type, figure, first, values, marks } = event
  const head = JSON.stringify({ seq, t, type, figure, first }).slice(0, -1)
  const marksPart = marks === undefined ? '' : `,"marks":${JSON.stringify(marks)}`
  return `${head},"values":[${values.map(numberText).join(',')}]${marksPart}}\n`
}

/** As far as a reader falls over what is not so; what comes from elsewhere is checked whole (`journal-check.ts`). */
function isEvent(value: unknown): value is JournalEvent {
  if (!isObject(value) || !('seq' in value && 't' in value)) return false
  switch (value.type) {
    case 'figure':
      return isObject(value.figure) && hasTicks(value.figure.x) && hasTicks(value.figure.y)
    case 'cells':
      return Array.isArray(value.values)
    case 'table':
      return isObject(value.table)
    case 'summary':
      return isObject(value.values)
    default:
      return typeof value.type === 'string'
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}

function hasTicks(axis: unknown): boolean {
  return isObject(axis) && Array.isArray(axis.ticks)
}

/** The event of one line, or null where the line is not one. */
export function decodeLine(line: string): JournalEvent | null {
  try {
    const value: unknown = JSON.parse(line)
    if (!isEvent(value)) return null
    if (value.type === 'cells') return { ...value, values: value.values.map(v => (v === null ? Number.NaN : v)) }
    if (value.type === 'summary') {
      const entries = Object.entries(value.values).map(([key, v]) => [key, v === null ? Number.NaN : v] as const)
      return { ...value, values: Object.fromEntries(entries) }
    }
    return value
  } catch {
    return null
  }
}

function readRange(fd: number, begin: number, end: number): Buffer {
  const buffer = Buffer.alloc(end - begin)
  let filled = 0
  while (filled < buffer.length) {
    const read = readSync(fd, buffer, filled, buffer.length - filled, begin + filled)
    if (read === 0) break
    filled += read
  }
  return buffer.subarray(0, filled)
}

function parseJournal(content: Buffer): JournalContent {
  const events: JournalEvent[] = []
  let bytes = 0
  while (bytes < content.length) {
    const end = content.indexOf(10, bytes)
    if (end === -1) break
    const event = decodeLine(content.toString('utf8', bytes, end))
    if (event === null || event.seq !== events.length) {
      const whole = content.indexOf(10, end + 1) === -1 && end === content.length - 1
      // A damaged last line is what a torn write leaves; a damaged line in the middle is somebody's doing.
      const damage =
        whole && event === null ? null : `line ${events.length + 1} is damaged; what follows it was left out`
      return { events, bytes, damage }
    }
    events.push(event)
    bytes = end + 1
  }
  return { events, bytes, damage: null }
}

/** Reads a journal; a torn last line is dropped. An absent file is an empty journal. */
export function readJournal(path: string): JournalContent {
  let fd: number
  try {
    fd = openSync(path, 'r')
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return { events: [], bytes: 0, damage: null }
    throw error
  }
  try {
    return parseJournal(readRange(fd, 0, fstatSync(fd).size))
  } finally {
    closeSync(fd)
  }
}

/** Our own lines say early what they are; one that says it late is merely read. */
const CELLS_LINE = /^.{0,64}"type":"cells"/

/**
 * The last events of a journal that lie whole in its last `maxBytes`, in order, cells left out: for
 * lists, which need no more. Cells are nearly all of a journal, and reading them nearly all of the time.
 */
export function readJournalTail(path: string, maxBytes: number): JournalEvent[] {
  const fd = openSync(path, 'r')
  try {
    const size = fstatSync(fd).size
    const begin = Math.max(0, size - maxBytes)
    const lines = readRange(fd, begin, size).toString('utf8').split('\n')
    if (begin > 0) lines.shift()
    // What has no line end is torn, though it may read well.
    lines.pop()
    return lines.flatMap(line => (CELLS_LINE.test(line) ? [] : (decodeLine(line) ?? [])))
  } finally {
    closeSync(fd)
  }
}

export function isErrno(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code
}

/** What a failed write means, in words, and what to do. */
export function diskProblem(what: string, error: unknown): StudyError {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  const reasons: Record<string, string> = {
    ENOSPC: 'the disk is full; make room',
    EDQUOT: 'the disk quota is used up; make room',
    EFBIG: 'the file may not grow any further (a size limit); raise the limit',
    EROFS: 'the file system is read-only; choose another folder with --runs DIR',
    EACCES: 'it may not be written; change its permissions, or choose another folder with --runs DIR',
    EPERM: 'it may not be written; change its permissions, or choose another folder with --runs DIR',
    ENOTDIR: 'a part of the path is a file, not a folder; choose another folder with --runs DIR',
    EEXIST: 'a file stands where the folder should be; choose another folder with --runs DIR',
  }
  const reason = reasons[code] ?? (error instanceof Error ? error.message : String(error))
  return new StudyError(`${what}: cannot be written: ${reason}`, { cause: error })
}

/** Whether that, or what made it so, is that there is no room. */
export function isNoRoom(error: unknown): boolean {
  const reason = error instanceof StudyError ? error.cause : error
  return ['ENOSPC', 'EDQUOT', 'EFBIG'].some(code => isErrno(reason, code))
}

/** Appends events to one journal. One writer a journal; the run's lock sees to it. */
export class JournalWriter {
  readonly #path: string
  readonly #fd: number
  #bytes: number
  #nextSeq: number
  #lastSync = 0
  #syncing = false
  #closed = false

  /** Opens for appending, first cutting what a torn write left. @throws StudyError if it cannot be written. */
  constructor(path: string) {
    this.#path = path
    try {
      const content = readJournal(path)
      // Whole lines behind a damaged one are left out, never thrown away.
      if (content.damage !== null) copyFileSync(path, `${path}.damaged-${Date.now()}`)
      this.#fd = openSync(path, 'a')
      if (fstatSync(this.#fd).size > content.bytes) ftruncateSync(this.#fd, content.bytes)
      this.#bytes = content.bytes
      this.#nextSeq = content.events.length
    } catch (error) {
      throw diskProblem(path, error)
    }
  }

  get nextSeq(): number {
    return this.#nextSeq
  }

  /**
   * Numbers and appends one event; it stands in the file when this returns. `t` in ms.
   * @throws StudyError if it cannot be written; the journal then ends with the event before.
   */
  append(body: EventBody, t: number): JournalEvent {
    const event: JournalEvent = { seq: this.#nextSeq, t: Math.round(t), ...body }
    const line = Buffer.from(encodeEvent(event))
    try {
      let written = 0
      while (written < line.length) written += writeSync(this.#fd, line, written, line.length - written)
    } catch (error) {
      this.#cut()
      throw diskProblem(this.#path, error)
    }
    this.#bytes += line.length
    this.#nextSeq++
    if (body.type === 'state') this.#syncNow()
    else this.#syncSoon()
    return event
  }

  #cut(): void {
    try {
      ftruncateSync(this.#fd, this.#bytes)
    } catch {
      // Readers drop a torn last line anyway, and the next writer cuts it.
    }
  }

  #syncNow(): void {
    this.#lastSync = performance.now()
    try {
      fsyncSync(this.#fd)
    } catch {
      // Some file systems have no fsync; the line is written all the same.
    }
  }

  #syncSoon(): void {
    if (this.#syncing || performance.now() - this.#lastSync < FSYNC_EVERY_MS) return
    this.#syncing = true
    this.#lastSync = performance.now()
    fsync(this.#fd, () => {
      this.#syncing = false
      if (this.#closed) closeSync(this.#fd)
    })
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    if (!this.#syncing) closeSync(this.#fd)
  }
}
