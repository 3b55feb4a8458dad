/**
 * `meta.json` in a run's folder: name, note, tags, star, archived. It is written whole or not at all
 * (a new file renamed over the old one), and a file that is damaged means "nothing was said": it never
 * hides a run. Changes are patches on what the file says now, so that of two people who change
 * different things both get theirs; the last word on one thing wins.
 */
import { randomBytes } from 'node:crypto'
import { readFileSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { StudyError } from '../../engine/errors.ts'
import type { MetaPatch, RunMeta } from './events.ts'
import { diskProblem, isErrno } from './journal.ts'
import { writeNew } from './write-new.ts'

export const META_FILE = 'meta.json'

/** A name fits a line of a list, a note a screen, tags a row. */
const MAX_NAME = 120
const MAX_NOTE = 4000
const MAX_TAG = 40
const MAX_TAGS = 20

export const NO_META: RunMeta = { name: '', note: '', tags: [], starred: false, archived: false }

/** Each field by itself: what is wrong in one does not lose the others. */
const schema = z.object({
  name: z.string().max(MAX_NAME).catch(''),
  note: z.string().max(MAX_NOTE).catch(''),
  tags: z.array(z.string().min(1).max(MAX_TAG)).max(MAX_TAGS).catch([]),
  starred: z.boolean().catch(false),
  archived: z.boolean().catch(false),
  imported: z.object({ at: z.string(), id: z.string() }).optional().catch(undefined),
})

/** What is said of a run; nothing where there is no file, or none that can be read. */
export function readMeta(dir: string): RunMeta {
  try {
    return parseMeta(readFileSync(join(dir, META_FILE), 'utf8')) ?? NO_META
  } catch {
    return NO_META
  }
}

function parseMeta(text: string): RunMeta | null {
  const parsed = schema.safeParse(safeJson(text))
  if (!parsed.success) return null
  const { imported, ...rest } = parsed.data
  return imported === undefined ? rest : { ...rest, imported }
}

function safeJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

/**
 * Changes what is said of a run.
 * @throws StudyError for a text that is too long or a tag that is none, or if the file cannot be written
 */
export function changeMeta(dir: string, patch: MetaPatch): RunMeta {
  const path = join(dir, META_FILE)
  const before = readMeta(dir)
  const after = patched(before, patch)
  setAsideDamaged(path)
  writeMeta(dir, after)
  return after
}

/** @throws StudyError if the file cannot be written */
export function writeMeta(dir: string, meta: RunMeta): void {
  const path = join(dir, META_FILE)
  // Two writers never share a file half way.
  const part = `${path}.${randomBytes(4).toString('hex')}.part`
  try {
    writeNew(part, `${JSON.stringify({ format: 1, ...meta }, null, 2)}\n`)
    renameSync(part, path)
  } catch (error) {
    rmSync(part, { force: true })
    throw diskProblem(path, error)
  }
}

/** What somebody wrote by hand and got wrong is theirs to mend: it is not overwritten. */
function setAsideDamaged(path: string): void {
  try {
    if (parseMeta(readFileSync(path, 'utf8')) === null) renameSync(path, `${path}.damaged`)
  } catch (error) {
    if (!isErrno(error, 'ENOENT')) throw diskProblem(path, error)
  }
}

function patched(meta: RunMeta, patch: MetaPatch): RunMeta {
  const removed = new Set((patch.removeTags ?? []).map(sameTag))
  const tags = meta.tags.filter(tag => !removed.has(sameTag(tag)))
  for (const tag of (patch.addTags ?? []).map(checkedTag)) {
    if (!tags.some(other => sameTag(other) === sameTag(tag))) tags.push(tag)
  }
  if (tags.length > MAX_TAGS) throw new StudyError(`tags: expected at most ${MAX_TAGS} on a run, got ${tags.length}`)
  return {
    ...meta,
    name: patch.name === undefined ? meta.name : checkedText('name', patch.name.replaceAll(/\s+/g, ' '), MAX_NAME),
    note: patch.note === undefined ? meta.note : checkedText('note', patch.note, MAX_NOTE),
    tags,
    starred: patch.starred ?? meta.starred,
    archived: patch.archived ?? meta.archived,
  }
}

function checkedText(what: string, text: string, longest: number): string {
  const trimmed = text.trim()
  if (trimmed.length <= longest) return trimmed
  throw new StudyError(`${what}: expected at most ${longest} characters, got ${trimmed.length}`)
}

function checkedTag(text: string): string {
  const tag = checkedText('tag', text.replaceAll(/\s+/g, ' '), MAX_TAG)
  if (tag !== '' && !tag.includes(',')) return tag
  throw new StudyError(`tag ${JSON.stringify(text)}: expected some text without a comma`)
}

/** Tags are one whatever their capitals. */
function sameTag(tag: string): string {
  return tag.trim().toLowerCase()
}
