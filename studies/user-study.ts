/**
 * A user's own study: a TypeScript (or JavaScript) file anywhere on the disk, imported by path. It is
 * imported anew after each change. What it exports is checked field by field, so that a slip in it
 * ends in one sentence.
 */
import { statSync } from 'node:fs'
import { basename } from 'node:path'
import { pathToFileURL } from 'node:url'
import { z } from 'zod'
import { StudyError } from '../engine/errors.ts'
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
function asStudy(where: string, value: unknown): Study<ParamSchema> {
  const parsed = studySchema.safeParse(value)
  if (!parsed.success) {
    const issue = parsed.error.issues[0]
    throw new StudyError(`${where}: its default export is no study: ${issue?.path.join('.')}: ${issue?.message}`)
  }
  const study = value as Study<ParamSchema>
  try {
    for (const [key, param] of Object.entries(study.params)) checkParam(key, param, param.default)
    for (const preset of study.presets) resolveParams(study.params, preset)
  } catch (error) {
    throw new StudyError(`${where}: ${error instanceof Error ? error.message : String(error)}`)
  }
  return study
}

/** One sentence for what an import can throw: a syntax error, a missing module, an exception at the top level. */
function importProblem(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const lines = error.message.split('\n').filter(line => line.trim() !== '')
  // The transpiler reports as `Transform failed with 1 error:` and then `file:line:column: ERROR: reason`.
  const [, line, column, reason] = /:(\d+):(\d+): ERROR: (.+)$/.exec(lines[1] ?? '') ?? []
  if (reason !== undefined) return `syntax error at line ${line}, column ${column}: ${reason}`
  const summary = lines[0] ?? error.name
  return error instanceof SyntaxError ? `syntax error: ${summary}` : `it cannot be imported: ${summary}`
}

/**
 * Imports a study by the absolute path of its file.
 * @throws StudyError for a file that is missing, does not parse, or exports no study.
 */
export async function loadStudyFile(path: string): Promise<Study<ParamSchema>> {
  const where = `study ${basename(path)}`
  const stat = statSync(path, { throwIfNoEntry: false })
  if (stat?.isFile() !== true) throw new StudyError(`study ${path}: there is no such file`)
  registerStudyResolver()
  let module: unknown
  try {
    module = await import(`${pathToFileURL(path).href}?${STUDY_QUERY}=${stat.mtimeMs}`)
  } catch (error) {
    throw new StudyError(`${where}: ${importProblem(error)}`)
  }
  if (typeof module !== 'object' || module === null || !('default' in module)) {
    throw new StudyError(`${where}: it has no default export; end it with export default defineStudy({ … })`)
  }
  return asStudy(where, module.default)
}
