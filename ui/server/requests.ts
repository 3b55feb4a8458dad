/** What requests may say, checked: bodies against schemas, and ids and numbers in addresses. */
import { z } from 'zod'
import { parseInterventions } from '../../hooks/intervention.ts'
import { BOS_CHOICES } from '../../studies/prompt-params.ts'
import type { MetaPatch, RunId } from '../../studies/runs/events.ts'
import type { GenerateRequest, RunRequest, Workbench } from '../../studies/runs/workbench-types.ts'
import { ID_PATTERN } from '../wire.ts'
import { HttpError } from './errors.ts'

const paramValue = z.union(
  [z.string(), z.number(), z.boolean(), z.array(z.string()), z.array(z.tuple([z.string(), z.string()]))],
  { error: 'expected a text, a number, true or false, a list of texts, or a list of pairs of texts' },
)

/** A record leaves this name out without a word, which would be a parameter that is not told to be unknown. */
const params = z
  .unknown()
  .refine(value => typeof value !== 'object' || value === null || !Object.hasOwn(value, '__proto__'), {
    error: 'expected the names of parameters, got __proto__',
  })
  .pipe(z.record(z.string(), paramValue))

const runRequest = z.strictObject({
  study: z.string(),
  model: z.exactOptional(z.string()),
  preset: z.exactOptional(z.string()),
  params: z.exactOptional(params),
  seed: z.exactOptional(z.int().min(0)),
})

const promptOptions = {
  bos: z.exactOptional(z.enum(BOS_CHOICES)),
  chat: z.exactOptional(z.boolean()),
  system: z.exactOptional(z.string()),
}

/** Limits are the engine's to say; these are the types. */
const generateRequest = z.strictObject({
  model: z.exactOptional(z.string()),
  prompt: z.string(),
  ...promptOptions,
  maxTokens: z.exactOptional(z.number()),
  temperature: z.exactOptional(z.number()),
  topK: z.exactOptional(z.number()),
  topP: z.exactOptional(z.number()),
  seed: z.exactOptional(z.number()),
  stop: z.exactOptional(z.array(z.string())),
  interventions: z.exactOptional(z.array(z.unknown())),
})

const text = z.string()
const metaPatch = z.strictObject({
  name: z.exactOptional(text),
  note: z.exactOptional(text),
  addTags: z.exactOptional(z.array(text)),
  removeTags: z.exactOptional(z.array(text)),
  starred: z.exactOptional(z.boolean()),
  archived: z.exactOptional(z.boolean()),
})
const newStudyRequest = z.strictObject({ id: text })

const pullRequest = z.strictObject({ model: z.string().trim().min(1, 'expected OWNER/NAME, got nothing') })

/** A page tokenizes the prompts of one form at a time. */
const MAX_TEXTS = 2000
const tokenizeRequest = z.strictObject({
  model: z.exactOptional(z.string()),
  texts: z.array(z.string()).max(MAX_TEXTS),
  ...promptOptions,
})

export function parseRunRequest(body: unknown): RunRequest {
  return parse(runRequest, body)
}

export function parseTokenizeRequest(body: unknown): z.output<typeof tokenizeRequest> {
  return parse(tokenizeRequest, body)
}

export function parseGenerateRequest(body: unknown): GenerateRequest {
  const { interventions, ...rest } = parse(generateRequest, body)
  return interventions === undefined ? rest : { ...rest, interventions: parseInterventions(interventions) }
}

export function parseMetaPatch(body: unknown): MetaPatch {
  return parse(metaPatch, body)
}

export function parseNewStudyRequest(body: unknown): z.output<typeof newStudyRequest> {
  return parse(newStudyRequest, body)
}

export function parsePullRequest(body: unknown): z.output<typeof pullRequest> {
  return parse(pullRequest, body)
}

/** A number in an address; undefined where there is none and none is needed. */
export function parseNumber(
  name: string,
  text: unknown,
  limits: { min: number; max: number; integer?: boolean },
): number {
  const value = typeof text === 'string' && text.trim() !== '' ? Number(text) : Number.NaN
  const { min, max, integer = false } = limits
  if (value >= min && value <= max && (!integer || Number.isInteger(value))) return value
  const what = integer ? 'a whole number' : 'a number'
  throw new HttpError(400, `${name}: expected ${what} from ${min} to ${max}, got ${quote(text)}`)
}

/** An id in an address. */
export function parseId(what: 'run' | 'figure', text: unknown): string {
  if (typeof text === 'string' && ID_PATTERN.test(text)) return text
  throw new HttpError(404, `${what} ${quote(text)}: no such ${what}`)
}

/**
 * Does something with a run that may not exist. The workbench's own sentence stands, unless there is
 * no such run: that is a 404 whatever was asked of it.
 */
export async function withRun<T>(workbench: Workbench, text: unknown, act: (run: RunId) => Promise<T>): Promise<T> {
  const run = parseId('run', text)
  try {
    return await act(run)
  } catch (error) {
    const runs = await workbench.list()
    if (runs.some(summary => summary.id === run)) throw error
    throw new HttpError(404, `run ${run}: no such run in ${workbench.runsDir}`)
  }
}

function parse<T>(schema: z.ZodType<T>, body: unknown): T {
  const result = schema.safeParse(body)
  if (result.success) return result.data
  if (body === undefined) {
    throw new HttpError(400, 'request body: expected JSON with the header `content-type: application/json`')
  }
  const [issue] = result.error.issues
  const where = ['request body', ...(issue?.path ?? [])].join('.')
  throw new HttpError(
    400,
    `${where}: ${(issue?.message ?? 'not valid').replace('Invalid input: ', '').replace(', received ', ', got ')}`,
  )
}

/** What was given, short enough for a sentence. */
function quote(text: unknown): string {
  if (typeof text !== 'string') return text === undefined ? 'nothing' : 'several'
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text)
}
