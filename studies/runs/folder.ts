/**
 * Run folders: `runs/2026-11-21-1430-time-patching-k3f9/` with `run.json` and `journal.ndjson`.
 * A folder that is damaged is left out of lists, with a reason; it never spoils the rest.
 */
import { randomInt } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { DTYPES } from '../../engine/backends/types.ts'
import { StudyError } from '../../engine/errors.ts'
import { nearest } from '../../engine/nearest.ts'
import {
  type RunId,
  type RunMeta,
  type RunRecord,
  type RunSnapshot,
  type RunState,
  type RunSummary,
  UNFINISHED,
} from './events.ts'
import { RunFold } from './fold.ts'
import { diskProblem, isErrno, JOURNAL_FILE, type JournalContent, readJournal, readJournalTail } from './journal.ts'
import { isLocked } from './lock.ts'
import { META_FILE, NO_META, readMeta } from './meta.ts'
import { runTitle, runWords } from './run-title.ts'
import { writeNew } from './write-new.ts'

export const RECORD_FILE = 'run.json'
/** What a run's folder may be called; names with a dot in front are ours. */
export const ID_PATTERN = /^[a-z0-9][a-z0-9-]*$/
const ID_ATTEMPTS = 20
/** Holds the last state and progress of any run but one with a huge table at its end; then all is read. */
const TAIL_BYTES = 64 * 1024

const paramValue = z.union([
  z.string(),
  z.number(),
  z.boolean(),
  z.array(z.string()),
  z.array(z.tuple([z.string(), z.string()])),
])

const recordSchema = z.object({
  format: z.literal(1),
  id: z.string(),
  createdAt: z.string(),
  study: z.string(),
  studyTitle: z.string(),
  studyFile: z.string().optional(),
  preset: z.string().optional(),
  title: z.string().optional(),
  params: z.record(z.string(), paramValue),
  tokens: z.record(z.string(), z.array(z.array(z.number()))).optional(),
  model: z.object({
    dir: z.string(),
    name: z.string(),
    family: z.string(),
    fingerprint: z.string(),
    layers: z.number(),
    heads: z.number(),
    dModel: z.number(),
    parameters: z.number(),
  }),
  backend: z.string(),
  library: z.string(),
  backendNote: z.string().optional(),
  dtype: z.enum(DTYPES),
  seed: z.number(),
  versions: z.record(z.string(), z.string()),
})

function two(value: number): string {
  return String(value).padStart(2, '0')
}

/** `2026-11-21-1430-time-patching-k3f9`, in local time: a person looks for "this afternoon's run". */
export function newId(study: string, now: Date): RunId {
  const day = `${now.getFullYear()}-${two(now.getMonth() + 1)}-${two(now.getDate())}`
  const letters = 'abcdefghijkmnpqrstuvwxyz23456789'
  const tail = Array.from({ length: 4 }, () => letters[randomInt(letters.length)]).join('')
  return `${day}-${two(now.getHours())}${two(now.getMinutes())}-${study}-${tail}`
}

/** Makes a run's folder with its `run.json`. @throws StudyError if the runs folder cannot be written. */
export function createRunFolder(runsDir: string, record: Omit<RunRecord, 'id'>): { dir: string; record: RunRecord } {
  try {
    mkdirSync(runsDir, { recursive: true })
    for (let attempt = 0; attempt < ID_ATTEMPTS; attempt++) {
      const id = newId(record.study, new Date(record.createdAt))
      const dir = join(runsDir, id)
      try {
        mkdirSync(dir)
      } catch (error) {
        if (isErrno(error, 'EEXIST')) continue
        throw error
      }
      const whole: RunRecord = { ...record, id }
      try {
        writeNew(join(dir, RECORD_FILE), recordText(whole))
      } catch (error) {
        rmSync(dir, { recursive: true, force: true })
        throw error
      }
      return { dir, record: whole }
    }
  } catch (error) {
    throw diskProblem(`runs folder ${runsDir}`, error)
  }
  throw new StudyError(`runs folder ${runsDir}: no free name was found for the run; try again`)
}

/** The content of `run.json`. */
export function recordText(record: RunRecord): string {
  return `${JSON.stringify(record, null, 2)}\n`
}

/** Reads `run.json`. `where` begins the sentence. @throws StudyError if it is absent or damaged. */
export function readRecord(dir: string, where = `run ${dir}`): RunRecord {
  let json: unknown
  try {
    json = JSON.parse(readFileSync(join(dir, RECORD_FILE), 'utf8'))
  } catch (error) {
    const reason = isErrno(error, 'ENOENT') ? 'it has no run.json' : 'its run.json is damaged'
    throw new StudyError(`${where}: ${reason}`)
  }
  const parsed = recordSchema.safeParse(json)
  if (!parsed.success) {
    const issue = parsed.error.issues[0]
    if (issue?.path[0] === 'format')
      throw new StudyError(`${where}: its run.json is of another format than 1: a newer Patchlight may read it`)
    throw new StudyError(`${where}: its run.json is damaged: ${issue?.path.join('.')}: ${issue?.message}`)
  }
  return withoutUndefined(parsed.data)
}

function withoutUndefined(data: z.infer<typeof recordSchema>): RunRecord {
  const { studyFile, preset, title, tokens, backendNote, ...rest } = data
  return {
    ...rest,
    ...(studyFile === undefined ? {} : { studyFile }),
    ...(preset === undefined ? {} : { preset }),
    ...(title === undefined ? {} : { title }),
    ...(tokens === undefined ? {} : { tokens }),
    ...(backendNote === undefined ? {} : { backendNote }),
  }
}

/** What a journaled state means now: an unfinished run that nobody holds was interrupted. */
function stateNow(dir: string, journaled: RunState): RunState {
  return UNFINISHED.includes(journaled) && !isLocked(dir) ? 'interrupted' : journaled
}

export interface StoredRun {
  readonly dir: string
  readonly fold: RunFold
  readonly content: JournalContent
}

/** Reads a run whole. @throws StudyError if `run.json` is absent or damaged. */
export function readStoredRun(dir: string): StoredRun {
  const record = readRecord(dir)
  const content = readJournal(join(dir, JOURNAL_FILE))
  const fold = new RunFold(record, content.events)
  fold.state = stateNow(dir, fold.state)
  return { dir, fold, content }
}

/** The state of a run on disk. @throws StudyError if `run.json` is absent or damaged. */
export function readRun(dir: string): RunSnapshot {
  const { fold, content } = readStoredRun(dir)
  const snapshot = fold.snapshot()
  return content.damage === null
    ? snapshot
    : { ...snapshot, notes: [...snapshot.notes, `The journal of this run is damaged: ${content.damage}.`] }
}

export function summarize(
  record: RunRecord,
  state: RunState,
  progress: RunSnapshot['progress'],
  meta: RunMeta,
): RunSummary {
  return {
    id: record.id,
    createdAt: record.createdAt,
    study: record.study,
    studyTitle: record.studyTitle,
    ...(record.preset === undefined ? {} : { preset: record.preset }),
    model: record.model.name,
    backend: record.backend,
    state,
    done: progress?.done ?? 0,
    total: progress?.total ?? 0,
    title: record.title ?? runTitle(record.params),
    words: runWords(record.params),
    meta,
  }
}

/**
 * What the record and the end of the journal tell of a run, its state as journaled: whether somebody
 * still computes it is another question each time.
 * @throws StudyError if the run is damaged
 */
function readTold(dir: string): RunSummary {
  const record = readRecord(dir)
  const journal = join(dir, JOURNAL_FILE)
  const events = existsSync(journal) ? readJournalTail(journal, TAIL_BYTES) : []
  const state = events.findLast(event => event.type === 'state')
  const progress = events.findLast(event => event.type === 'progress')
  if ((state === undefined || progress === undefined) && events[0]?.seq !== 0) {
    const fold = new RunFold(record, readJournal(journal).events)
    return summarize(record, fold.state, fold.progress, NO_META)
  }
  return summarize(record, state?.state ?? 'queued', progress ?? null, NO_META)
}

/** What was read of runs before, by folder: a list of hundreds is asked for again and again. */
export class SummaryCache {
  readonly #told = new Map<string, { readonly stamp: string; readonly told: RunSummary }>()
  readonly #metas = new Map<string, { readonly stamp: string; readonly meta: RunMeta }>()

  /** A run as lists show it, read from the end of its journal. @throws StudyError if it is damaged. */
  summary(dir: string): RunSummary {
    const stamp = `${stampOf(join(dir, RECORD_FILE))} ${stampOf(join(dir, JOURNAL_FILE))}`
    let known = this.#told.get(dir)
    if (known?.stamp !== stamp) {
      known = { stamp, told: readTold(dir) }
      this.#told.set(dir, known)
    }
    return { ...known.told, state: stateNow(dir, known.told.state), meta: this.#meta(dir) }
  }

  #meta(dir: string): RunMeta {
    const stamp = stampOf(join(dir, META_FILE))
    let known = this.#metas.get(dir)
    if (known?.stamp !== stamp) {
      known = { stamp, meta: readMeta(dir) }
      this.#metas.set(dir, known)
    }
    return known.meta
  }
}

/** Differs once a file is another or has grown. */
function stampOf(path: string): string {
  const stat = statSync(path, { throwIfNoEntry: false })
  return stat === undefined ? '' : `${stat.ino}:${stat.size}:${stat.mtimeMs}`
}

export interface RunList {
  /** Newest first. */
  readonly runs: readonly RunSummary[]
  /** Folders that look like runs and cannot be read, with the reason. */
  readonly skipped: readonly { readonly dir: string; readonly reason: string }[]
}

/** All runs in a folder; none if the folder does not exist. A cache that is kept makes the next list cheap. */
export function listRuns(runsDir: string, cache = new SummaryCache()): RunList {
  const runs: RunSummary[] = []
  const skipped: { dir: string; reason: string }[] = []
  for (const name of folderNames(runsDir)) {
    const dir = join(runsDir, name)
    try {
      const summary = cache.summary(dir)
      if (summary.id === name) runs.push(summary)
      else skipped.push({ dir, reason: `run ${dir}: its run.json says that it is run ${summary.id}` })
    } catch (error) {
      skipped.push({ dir, reason: error instanceof Error ? error.message : String(error) })
    }
  }
  runs.sort((a, b) => (a.createdAt < b.createdAt ? 1 : a.createdAt > b.createdAt ? -1 : a.id < b.id ? 1 : -1))
  return { runs, skipped }
}

function folderNames(runsDir: string): string[] {
  try {
    return readdirSync(runsDir, { withFileTypes: true })
      .filter(entry => entry.isDirectory() && ID_PATTERN.test(entry.name))
      .map(entry => entry.name)
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return []
    throw new StudyError(`runs folder ${runsDir}: ${error instanceof Error ? error.message : String(error)}`)
  }
}

/** The folder of a run by its id. @throws StudyError naming the nearest ids if there is none. */
export function runFolder(runsDir: string, id: RunId): string {
  const dir = join(runsDir, id)
  if (ID_PATTERN.test(id) && statSync(dir, { throwIfNoEntry: false })?.isDirectory() === true) return dir
  const near = nearest(id, folderNames(runsDir))
  const hint = near.length > 0 ? `; the nearest are ${near.join(', ')}` : ''
  throw new StudyError(`run ${JSON.stringify(id)}: there is none of that name in ${runsDir}${hint}`)
}
