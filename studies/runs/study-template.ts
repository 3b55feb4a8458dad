/** A study of one's own to begin with: the example `studies/template/my-study.ts`, under its new name. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { StudyError } from '../../engine/errors.ts'
import { diskProblem, isErrno } from './journal.ts'

const TEMPLATE = new URL('../template/my-study.ts', import.meta.url)
const ID = /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/
const MAX_ID = 40

/** @throws StudyError for an id that is none, or a file that is there already */
export function writeStudyTemplate(file: string, id: string): void {
  if (!ID.test(id) || id.length > MAX_ID) {
    throw new StudyError(
      `new study: expected a name of small letters, digits and hyphens such as my-study, at most ${MAX_ID} of them, got ${JSON.stringify(id)}`,
    )
  }
  const title = `${id[0]?.toUpperCase()}${id.slice(1).replaceAll('-', ' ')}`
  const text = readFileSync(TEMPLATE, 'utf8').replaceAll("'my-study'", `'${id}'`).replaceAll("'My study'", `'${title}'`)
  try {
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, text, { flag: 'wx' })
  } catch (error) {
    if (isErrno(error, 'EEXIST')) throw new StudyError(`new study: ${file} is there already; choose another name`)
    throw diskProblem(file, error)
  }
}
