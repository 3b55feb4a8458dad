/**
 * What a form holds, apart from how it looks: values from defaults, preset and edits; what the page
 * itself can tell is wrong; and which field a server's sentence is about.
 */
import type { Param, ParamSchema, ParamValue } from '../../../../studies/params.ts'
import { promptOptionsOf } from '../../../../studies/prompt-params.ts'
import type { RunRecord } from '../../../../studies/runs/events.ts'
import type { ModelInfo, StudyInfo } from '../../../../studies/runs/workbench-types.ts'

export type Values = Readonly<Record<string, ParamValue>>

/** Values before any edit: the schema's defaults with the preset's over them. */
export function startingValues(study: StudyInfo, presetId: string | null): Values {
  const preset = study.presets.find(one => one.id === presetId)
  const defaults = Object.entries(study.params).map(([key, param]) => [key, param.default] as const)
  return { ...Object.fromEntries(defaults), ...preset?.values }
}

/** What a form begins with that is to run again what a run was asked. */
export interface Prefill {
  /** Null where the run had none. */
  readonly preset: string | null
  /** Folder; undefined is the embedded model. */
  readonly model: string | undefined
  readonly values: Values
  readonly seed: number
  /** Parameters of the run that the study has no more. */
  readonly dropped: readonly string[]
}

/** A model is known by its folder, or, where the run was made elsewhere, by its name and size. */
export function prefillOf(record: RunRecord, study: StudyInfo, models: readonly ModelInfo[]): Prefill {
  const { dir, name, parameters } = record.model
  const model =
    models.find(one => one.dir === dir) ?? models.find(one => one.name === name && one.parameters === parameters)
  const preset = study.presets.some(one => one.id === record.preset) ? (record.preset ?? null) : null
  return {
    preset,
    model: model === undefined ? dir || name : model.embedded ? undefined : model.dir,
    values: fittingValues(record.params, study),
    seed: record.seed,
    dropped: Object.keys(record.params).filter(key => study.params[key] === undefined),
  }
}

/** What a form holds beyond its preset. */
export interface Draft {
  /** Folder; undefined is the embedded model. */
  readonly model?: string | undefined
  readonly values: Values
  readonly seed: number
}

/** The draft in what a page kept, or null: a form of another time may have kept it, or none. */
export function draftOf(kept: unknown): Draft | null {
  if (typeof kept !== 'object' || kept === null || !('values' in kept) || !('seed' in kept)) return null
  const { values, seed } = kept
  const model = 'model' in kept && typeof kept.model === 'string' ? kept.model : undefined
  if (typeof values !== 'object' || values === null || typeof seed !== 'number') return null
  return { model, values: { ...values }, seed }
}

/** The values that a study still has a parameter of their kind for: its file may have been saved anew. */
export function fittingValues(values: Values, study: Pick<StudyInfo, 'params'>): Values {
  const entries = Object.entries(values).filter(([key, value]) => {
    const usual = study.params[key]?.default
    return typeof usual === typeof value && Array.isArray(usual) === Array.isArray(value)
  })
  return Object.fromEntries(entries)
}

/** The preset that a newcomer starts with: the one for the embedded model, when that is the model. */
export function firstPreset(study: StudyInfo, embedded: boolean): string | null {
  const suited = study.presets.find(preset => (preset.for === 'embedded') === embedded)
  return (suited ?? study.presets[0])?.id ?? null
}

/** Only what differs from the starting values: what a request has to say. */
export function editedValues(values: Values, starting: Values): Values {
  return Object.fromEntries(
    Object.entries(values).filter(([key, value]) => JSON.stringify(value) !== JSON.stringify(starting[key])),
  )
}

/** Whether prompts can be chats; a folder that was only typed may have a template, and says so when asked. */
export function mayChat(models: readonly ModelInfo[], model: string | undefined): boolean {
  const known = models.find(one => (model === undefined ? one.embedded : one.dir === model))
  return known === undefined ? model !== undefined : known.chatTemplate
}

/**
 * Parameters that can say nothing now: the chat template's switch where the model has none, the system
 * message where the template is off. What a preset or an earlier run set stays in sight, to be turned off.
 */
export function idleParams(schema: ParamSchema, values: Values, chats: boolean): ReadonlySet<string> {
  const { chat, system } = promptOptionsOf(schema, values)
  const idle = new Set<string>()
  if (chat === false && !chats) idle.add('chat')
  if (chat === false && system === '') idle.add('system')
  return idle
}

/** What can be told without the server, by field. */
export function problemsOf(schema: ParamSchema, values: Values): Readonly<Record<string, string>> {
  const problems: Record<string, string> = {}
  for (const [key, param] of Object.entries(schema)) {
    const problem = problemOf(param, values[key])
    if (problem !== null) problems[key] = problem
  }
  return problems
}

const LAYERS = /^\s*(all|last|\d+(\s*-\s*\d+)?(\s*,\s*\d+(\s*-\s*\d+)?)*)\s*$/

function problemOf(param: Param, value: ParamValue | undefined): string | null {
  switch (param.kind) {
    case 'prompt':
      return value === '' ? 'A prompt needs some text.' : null
    case 'number':
      return typeof value === 'number' ? numberProblem(param, value) : 'This needs a number.'
    case 'layers':
      return typeof value === 'string' && LAYERS.test(value) ? null : 'Write all, last, or a list such as 0-3,7.'
    case 'prompts':
      return Array.isArray(value) ? countProblem(param, value.length) : null
    default:
      return null
  }
}

function numberProblem(param: Extract<Param, { kind: 'number' }>, value: number): string | null {
  if (!Number.isFinite(value)) return 'This needs a number.'
  if (param.integer === true && !Number.isInteger(value)) return 'This must be a whole number.'
  if (param.min !== undefined && value < param.min) return `This must be at least ${param.min}.`
  if (param.max !== undefined && value > param.max) return `This must be at most ${param.max}.`
  return null
}

function countProblem(param: Extract<Param, { kind: 'prompts' }>, count: number): string | null {
  if (param.min !== undefined && count < param.min) return `At least ${param.min} needed.`
  if (param.max !== undefined && count > param.max) return `At most ${param.max} allowed.`
  return null
}

/** The field that a sentence from the server names first, or null where it names none. */
export function fieldOf(message: string, schema: ParamSchema): string | null {
  let found: string | null = null
  let foundAt = Number.POSITIVE_INFINITY
  for (const key of Object.keys(schema)) {
    const at = message.search(new RegExp(`(^|[\\s"'\`“(.])${key}(?=[\\s"'\`”):,.[]|$)`))
    if (at >= 0 && at < foundAt) {
      found = key
      foundAt = at
    }
  }
  return found
}

export interface FormTexts {
  /** Encoded as the study will: with BOS and chat template as its parameters say. */
  readonly prompts: readonly string[]
  /** Pieces that must each be one token, whatever surrounds a prompt; and the empty text. */
  readonly pieces: readonly string[]
}

/** Every text of the form whose tokens are worth showing, each once. */
export function textsOf(schema: ParamSchema, values: Values): FormTexts {
  const prompts = new Set<string>()
  // The empty text shows what the tokenizer puts before every piece.
  const pieces = new Set<string>([''])
  for (const [key, param] of Object.entries(schema)) {
    const value = values[key]
    if (param.kind === 'prompt' && typeof value === 'string') prompts.add(value)
    if ((param.kind === 'prompts' || param.kind === 'tokens' || param.kind === 'pairs') && Array.isArray(value)) {
      for (const text of value.flat()) (param.kind === 'tokens' ? pieces : prompts).add(text)
    }
  }
  return { prompts: [...prompts], pieces: [...pieces] }
}
