/** What was typed, and the request that it makes, with what is wrong with a field by its name. */
import type { PromptOptions } from '../../../../studies/prompt-params.ts'
import type { GenerateRequest } from '../../../../studies/runs/workbench-types.ts'

export interface GenerateFields {
  readonly prompt: string
  readonly bos: string
  readonly chat: boolean
  readonly system: string
  readonly maxTokens: string
  readonly temperature: string
  readonly topK: string
  readonly topP: string
  readonly seed: string
  /** One a line. */
  readonly stop: string
  /** JSON. */
  readonly interventions: string
}

export const STARTING_FIELDS: GenerateFields = {
  prompt: 'the time displayed is 9:00 am. therefore, it is currently the',
  bos: 'config',
  chat: false,
  system: '',
  maxTokens: '40',
  temperature: '0',
  topK: '',
  topP: '',
  seed: '0',
  stop: '',
  interventions: '',
}

/**
 * For the starting prompt on the embedded model: “am” becomes the “pm” of another prompt, and the
 * answer follows. A head and a neuron show the short forms; any model has these points.
 */
export const EXAMPLE_INTERVENTIONS = `[
  {
    "at": "blocks.0.hook_resid_post",
    "position": 10,
    "set": { "from": "the time displayed is 9:00 pm. therefore, it is currently the" }
  },
  { "at": "L1H1", "position": -1, "set": { "zero": true } },
  { "at": "N7@L1", "set": { "scale": 0 } }
]`

export type GenerateProblems = { readonly [K in keyof GenerateFields]?: string }

type NumberField = 'maxTokens' | 'temperature' | 'topK' | 'topP' | 'seed'

interface Limits {
  readonly label: string
  readonly min: number
  readonly max: number
  readonly whole: boolean
  /** Whether it may stay empty, for the engine's own default. */
  readonly optional: boolean
}

/** As `engine/generate.ts` and `engine/sample.ts` check them; said here before anything is asked. */
export const NUMBERS: Readonly<Record<NumberField, Limits>> = {
  maxTokens: { label: 'Max tokens', min: 1, max: 1_000_000, whole: true, optional: false },
  temperature: { label: 'Temperature', min: 0, max: 100, whole: false, optional: false },
  topK: { label: 'Top k', min: 1, max: 1_000_000, whole: true, optional: true },
  topP: { label: 'Top p', min: 0.0001, max: 1, whole: false, optional: true },
  seed: { label: 'Seed', min: 0, max: 2 ** 32 - 1, whole: true, optional: false },
}

export const NUMBER_FIELDS = ['maxTokens', 'temperature', 'topK', 'topP', 'seed'] as const satisfies NumberField[]

/** The fields in what a page kept; what it did not keep, or kept otherwise, is as at the start. */
export function fieldsOf(kept: unknown): GenerateFields {
  const known = typeof kept === 'object' && kept !== null ? Object.entries(kept) : []
  const starting: Readonly<Record<string, unknown>> = { ...STARTING_FIELDS }
  const fitting = known.filter(([key, value]) => typeof starting[key] === typeof value)
  return { ...STARTING_FIELDS, ...Object.fromEntries(fitting) }
}

/** The model's folder in what a page kept. */
export function modelIn(kept: unknown): string | undefined {
  if (typeof kept !== 'object' || kept === null || !('model' in kept)) return undefined
  return typeof kept.model === 'string' ? kept.model : undefined
}

/** How the prompt becomes tokens; what is not shown says nothing. */
export function promptOptionsOf({ bos, chat, system }: GenerateFields, chats: boolean): PromptOptions {
  return {
    ...(bos === 'config' ? {} : { bos }),
    ...(chat && chats ? { chat, ...(system === '' ? {} : { system }) } : {}),
  }
}

/** The request, or what stands in its way. */
export function requestOf(
  fields: GenerateFields,
  model: string | undefined,
  chats = false,
): { readonly request: GenerateRequest | null; readonly problems: GenerateProblems } {
  const problems: { -readonly [K in keyof GenerateFields]?: string } = {}
  const numbers: { [K in NumberField]?: number } = {}
  for (const key of NUMBER_FIELDS) {
    const text = fields[key].trim().replace(',', '.')
    const { min, max, whole, optional } = NUMBERS[key]
    if (text === '' && optional) continue
    const value = text === '' ? Number.NaN : Number(text)
    if (value >= min && value <= max && (!whole || Number.isInteger(value))) numbers[key] = value
    else problems[key] = `Expected a ${whole ? 'whole number' : 'number'} from ${min} to ${max.toLocaleString('en')}.`
  }
  const interventions = parseJsonList(fields.interventions)
  if (typeof interventions === 'string') problems.interventions = interventions
  if (typeof interventions === 'string' || Object.keys(problems).length > 0) return { request: null, problems }
  const stop = fields.stop.split('\n').filter(line => line !== '')
  return {
    problems,
    request: {
      ...(model === undefined ? {} : { model }),
      prompt: fields.prompt,
      ...promptOptionsOf(fields, chats),
      ...numbers,
      ...(stop.length === 0 ? {} : { stop }),
      ...(interventions === null ? {} : { interventions }),
    },
  }
}

/** The list, null where nothing was typed, or what is wrong; what its items must be, the server says. */
function parseJsonList(text: string): NonNullable<GenerateRequest['interventions']> | null | string {
  if (text.trim() === '') return null
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    return `Not JSON yet: ${error instanceof Error ? error.message : String(error)}.`
  }
  if (!Array.isArray(value)) return 'Expected a list: [ … ], also around a single intervention.'
  return value.length === 0 ? null : value
}

/** Which field a refusal of the server is about; null for none of them. */
export function fieldOfRefusal(sentence: string): keyof GenerateFields | null {
  if (/^interventions?\b|hook point|^request body\.interventions/i.test(sentence)) return 'interventions'
  if (/^chat template\b/.test(sentence)) return 'chat'
  const [, named] = /^(?:parameter )?(prompt|bos|system)\b/.exec(sentence) ?? []
  return named === 'prompt' || named === 'bos' || named === 'system' ? named : null
}
