/**
 * A user's own study: a TypeScript (or JavaScript) file anywhere on the disk, imported by path. It is
 * imported anew after each change. What it exports is checked field by field, so that a slip in it
 * ends in one sentence.
 */
import { readFileSync, statSync } from 'node:fs'
import { basename } from 'node:path'
import { pathToFileURL } from 'node:url'
import { z } from 'zod'
import { StudyError } from '../engine/errors.ts'
import { EndlessStudies, READING_LIMIT_MS } from './endless-study.ts'
import type { ParamSchema } from './params.ts'
import { checkParam, resolveParams } from './params-validate.ts'
import type { Study } from './study.ts'
import { registerStudyResolver, STUDY_QUERY } from './user-study-resolver.ts'

const PARAM_KINDS = ['prompt', 'prompts', 'pairs', 'tokens', 'number', 'choice', 'switch', 'layers', 'text'] as const
const text = z.string().min(1)

const paramSchema = z
  .looseObject({ kind: z.enum(PARAM_KINDS), label: text, help: z.string(), default: z.unknown() })
  .refine(param => param.kind !== 'choice' || Array.isArray(param.options), 'a choice needs options')

const studySchema = z.looseObject({
  id: z.string().regex(/^[a-z0-9]+(-[a-z0-9]+)*$/, 'expected kebab-case'),
  title: text,
  question: text,
  about: text,
  params: z.record(z.string().regex(/^[a-zA-Z][\w-]*$/), paramSchema),
  presets: z.array(
    z.looseObject({
      id: text,
      title: text,
      for: z.enum(['embedded', 'large']),
      values: z.record(z.string(), z.unknown()),
    }),
  ),
  estimate: z.custom(value => typeof value === 'function', 'expected a function'),
  run: z.custom(value => typeof value === 'function', 'expected a function'),
  cell: z.custom(value => typeof value === 'function', 'expected a function'),
})

/** Narrows what a file exports. @throws StudyError naming the field that is missing or wrong. */
function asStudy(where: string, value: unknown, source: string): Study<ParamSchema> {
  const parsed = studySchema.safeParse(value)
  if (!parsed.success) {
    const issue = parsed.error.issues[0]
    const path = (issue?.path ?? []).map(String)
    const at = lineOfField(source, path)
    throw new StudyError(`${where}: its default export is no study: ${path.join('.')}: ${issue?.message}${at}`)
  }
  const study = value as Study<ParamSchema>
  let at = ['params']
  try {
    for (const [key, param] of Object.entries(study.params)) {
      at = ['params', key, 'default']
      checkParam(key, param, param.default)
    }
    for (const preset of study.presets) {
      at = ['presets', preset.id]
      resolveParams(study.params, preset)
    }
  } catch (error) {
    throw new StudyError(
      `${where}: ${error instanceof Error ? error.message : String(error)}${lineOfField(source, at)}`,
    )
  }
  return study
}

/**
 * ` (line 12)`: where a field stands in the text, found by looking for its names one after another; as
 * far as they are there, since a field may be missing or come from elsewhere.
 */
function lineOfField(source: string, path: readonly string[]): string {
  let at = Math.max(0, source.indexOf('defineStudy({'))
  let found = at > 0
  for (const name of path) {
    if (/^\d+$/.test(name)) continue
    const escaped = name.replace(/[^\w-]/g, '\\$&')
    const field = new RegExp(`(^|[\\s{,(])(${escaped}\\s*[:,(]|['"\`]${name}['"\`])`).exec(source.slice(at))
    if (field === null) break
    at += field.index + (field[1]?.length ?? 0)
    found = true
  }
  return found ? ` (line ${source.slice(0, at).split('\n').length})` : ''
}

/** One sentence for what an import can throw: a syntax error, a missing module, an exception at the top level. */
function importProblem(error: unknown, path: string): string {
  if (!(error instanceof Error)) return String(error)
  const lines = error.message.split('\n').filter(line => line.trim() !== '')
  // The transpiler reports as `Transform failed with 1 error:` and then `file:line:column: ERROR: reason`.
  const [, line, column, reason] = /:(\d+):(\d+): ERROR: (.+)$/.exec(lines[1] ?? '') ?? []
  if (reason !== undefined) return `syntax error at line ${line}, column ${column}: ${reason}`
  const summary = lines[0] ?? error.name
  if (error instanceof SyntaxError) return `syntax error: ${summary}`
  return `it cannot be imported: ${summary}${lineOf(error, path)}`
}

/** ` (line 12)`, where the stack says so. */
function lineOf(error: Error, path: string): string {
  const frame = error.stack?.split('\n').find(line => line.includes(basename(path)) && /:\d+:\d+\)?$/.test(line))
  const [, line] = /:(\d+):\d+\)?$/.exec(frame ?? '') ?? []
  return line === undefined ? '' : ` (line ${line})`
}

interface ReadStudy {
  readonly study: Study<ParamSchema>
  /** The text of the file. */
  readonly source: string
}

/** What each file was when it last was a study: somebody who edits it breaks it for a while. */
const lastGood = new Map<string, ReadStudy>()
const endless = new EndlessStudies()

/**
 * Imports a study by the absolute path of its file. Where the file as it stands now is no study, the
 * version that was read before stands in for it, and `problem` says what is wrong.
 * @param limitMs for its top level
 * @throws StudyError for a file that is missing, does not parse, does not end, or exports no study, and never did
 */
export async function loadStudyFile(
  path: string,
  limitMs = READING_LIMIT_MS,
): Promise<ReadStudy & { readonly problem: string | null }> {
  try {
    const read = await readStudyFile(path, limitMs)
    lastGood.set(path, read)
    return { ...read, problem: null }
  } catch (error) {
    const before = lastGood.get(path)
    if (before === undefined) throw error
    return { ...before, problem: error instanceof Error ? error.message : String(error) }
  }
}

async function readStudyFile(path: string, limitMs: number): Promise<ReadStudy> {
  const where = `study ${basename(path)}`
  const stat = statSync(path, { throwIfNoEntry: false })
  if (stat?.isFile() !== true) throw new StudyError(`study ${path}: there is no such file`)
  const source = readFileSync(path, 'utf8')
  registerStudyResolver()
  endless.check(path)
  let module: unknown
  let timer: NodeJS.Timeout | undefined
  const tooLong = new Promise<null>(resolve => {
    timer = setTimeout(resolve, limitMs, null)
  })
  try {
    module = await Promise.race([import(`${pathToFileURL(path).href}?${STUDY_QUERY}=${stat.mtimeMs}`), tooLong])
  } catch (error) {
    throw new StudyError(`${where}: ${importProblem(error, path)}`)
  } finally {
    clearTimeout(timer)
  }
  if (module === null) throw endless.add(path, stat.mtimeMs, limitMs)
  // Saved while it was read: the text and the module would be two versions.
  if (statSync(path, { throwIfNoEntry: false })?.mtimeMs !== stat.mtimeMs) return readStudyFile(path, limitMs)
  if (typeof module !== 'object' || module === null || !('default' in module)) {
    throw new StudyError(`${where}: it has no default export; end it with export default defineStudy({ … })`)
  }
  return { study: asStudy(where, module.default, source), source }
}
