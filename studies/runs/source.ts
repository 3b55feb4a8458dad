/**
 * The source of a run's study, as it ran. A user's own file may change at any time, so its text is
 * copied into the run's folder when the run begins: `study.ts`, and `study-2.ts` where it had changed
 * by the time the run was gone on with. A built-in study is the file that ships.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { basename, extname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { RunRecord } from './events.ts'
import { diskProblem } from './journal.ts'
import type { RunSource } from './workbench-types.ts'
import { writeNew } from './write-new.ts'

/** A copy's name; the first has no number. */
export const SOURCE_NAME = /^study(-[2-9]|-\d\d)?\.[cm]?[jt]s$/

const BUILT_IN_FOLDER = fileURLToPath(new URL('..', import.meta.url))
const BUILT_IN_ID = /^[a-z0-9]+(-[a-z0-9]+)*$/

/**
 * Keeps what computes a run from here on.
 * @returns whether it is another text than the one that computed it until now
 * @throws StudyError if it cannot be written
 */
export function keepSource(dir: string, file: string, text: string): boolean {
  const copies = copiesIn(dir)
  const last = copies.at(-1)
  if (last !== undefined && readFileSync(join(dir, last), 'utf8') === text) return false
  const number = copies.length + 1
  const name = `study${number === 1 ? '' : `-${number}`}${extname(file)}`
  try {
    writeNew(join(dir, name), text)
  } catch (error) {
    throw diskProblem(join(dir, name), error)
  }
  return last !== undefined
}

function copiesIn(dir: string): string[] {
  const numberOf = (name: string) => Number(/-(\d+)\./.exec(name)?.[1] ?? 1)
  return readdirSync(dir)
    .filter(name => SOURCE_NAME.test(name))
    .sort((a, b) => numberOf(a) - numberOf(b))
}

/**
 * What the page shows beside the results: the last version that computed, and where it may differ from
 * what stands elsewhere.
 * @param builtIn ids of the studies that ship
 * @param version of this Patchlight
 */
export function readSource(
  dir: string,
  record: RunRecord,
  builtIn: readonly string[],
  version: string,
): RunSource | null {
  const copies = copiesIn(dir)
  const last = copies.at(-1)
  if (last !== undefined) {
    const text = readFileSync(join(dir, last), 'utf8')
    const name = record.studyFile === undefined ? last : basename(record.studyFile)
    return { name, text, origin: 'own', note: ownNote(record, text, copies.length) }
  }
  if (record.studyFile !== undefined || !builtIn.includes(record.study) || !BUILT_IN_ID.test(record.study)) return null
  const name = `${record.study}.ts`
  const text = readFileSync(join(BUILT_IN_FOLDER, name), 'utf8')
  const ran = record.versions.patchlight
  const note =
    ran === undefined || ran === version
      ? null
      : `This is the study of Patchlight ${version}; the run was computed by ${ran}.`
  return { name, text, origin: 'built-in', note }
}

function ownNote({ studyFile }: RunRecord, text: string, versions: number): string | null {
  const notes: string[] = []
  if (versions > 1)
    notes.push(`The file changed while this run was computed; this is the last of ${versions} versions.`)
  if (studyFile !== undefined && !existsSync(studyFile)) notes.push('The file is not there any more.')
  else if (studyFile !== undefined && readFileSync(studyFile, 'utf8') !== text) {
    notes.push('The file has changed since; this is what ran.')
  }
  return notes.length === 0 ? null : notes.join(' ')
}
