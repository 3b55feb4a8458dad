/**
 * Parameter values as text: `--set key=value` of the command line. Lists are JSON, or `@file` with
 * one item a line; a pair's line holds clean and corrupted with a tab between.
 */
import { readFileSync } from 'node:fs'
import { StudyError, UsageError } from '../engine/errors.ts'
import { nearest } from '../engine/nearest.ts'
import type { Param, ParamSchema, ParamValue } from './params.ts'
import { checkParam } from './params-validate.ts'

const TRUE = ['true', 'yes', 'on', '1']
const FALSE = ['false', 'no', 'off', '0']

function parseJson(where: string, text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new StudyError(
      `${where}: expected a JSON array, got ${text.slice(0, 40)} (${error instanceof Error ? error.message : error})`,
    )
  }
}

function readText(where: string, path: string): string {
  try {
    // Some editors begin a file with a mark that nobody sees, which would be a token of the first prompt.
    return readFileSync(path, 'utf8').replace(/^\uFEFF/, '')
  } catch {
    throw new StudyError(`${where}: expected a file that can be read, got @${path}`)
  }
}

/** Lines of a file; leading spaces stay, since they are part of a token. */
function linesOf(text: string): string[] {
  return text.split(/\r?\n/).filter(line => line.trim() !== '')
}

function parseList(where: string, kind: 'prompts' | 'tokens' | 'pairs', text: string): unknown {
  if (text.startsWith('@')) {
    const path = text.slice(1)
    const content = readText(where, path)
    if (path.endsWith('.json')) return parseJson(where, content)
    return kind === 'pairs' ? linesOf(content).map(line => line.split('\t')) : linesOf(content)
  }
  if (text.trimStart().startsWith('[')) return parseJson(where, text)
  if (kind === 'pairs')
    throw new StudyError(`${where}: expected a JSON array of [clean, corrupted] pairs or @file, got ${text}`)
  return [text]
}

/**
 * One value from its text.
 * @throws StudyError naming the parameter and what was expected
 */
function parseParamText(key: string, param: Param, text: string): ParamValue {
  const where = `parameter ${key}`
  switch (param.kind) {
    case 'prompts':
    case 'tokens':
    case 'pairs':
      return checkParam(key, param, parseList(where, param.kind, text))
    case 'number':
      return checkParam(key, param, text.trim() === '' ? text : Number.isNaN(Number(text)) ? text : Number(text))
    case 'switch': {
      const word = text.trim().toLowerCase()
      return checkParam(key, param, TRUE.includes(word) ? true : FALSE.includes(word) ? false : text)
    }
    default:
      return checkParam(key, param, text)
  }
}

/**
 * Several `key=value` texts. A key given twice keeps its last value.
 * @throws UsageError for a text of another form; StudyError for an unknown key, naming the nearest, or a value that
 * does not fit
 */
export function parseSettings(schema: ParamSchema, settings: readonly string[]): Record<string, ParamValue> {
  const values: Record<string, ParamValue> = {}
  for (const setting of settings) {
    const at = setting.indexOf('=')
    if (at <= 0) throw new UsageError(`--set ${setting}: expected key=value`)
    const key = setting.slice(0, at)
    const param = Object.hasOwn(schema, key) ? schema[key] : undefined
    if (param === undefined) {
      const near = nearest(key, Object.keys(schema))
      throw new StudyError(`parameter ${key}: this study has none of that name; the nearest are ${near.join(', ')}`)
    }
    values[key] = parseParamText(key, param, setting.slice(at + 1))
  }
  return values
}
