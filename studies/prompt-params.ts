/**
 * How prompts become tokens, as parameters that every built-in study has: whether the sequence begins
 * with BOS, and whether the text is rendered through the chat template. Both change every number of a
 * study, so they are asked for in one place, recorded with the run, and shown in the form's preview.
 */
import type { ChoiceParam, ParamSchema, ParamValue, SwitchParam, TextParam } from './params.ts'

export const BOS_CHOICES = ['config', 'with', 'without'] as const
export type BosChoice = (typeof BOS_CHOICES)[number]

/** How a prompt is encoded. Parameters of a study that spreads `PROMPT_PARAMS` fit as they are. */
export interface PromptOptions {
  /** `config`: as the tokenizer's config or the chat template says; `with` and `without` override it. @default 'config' */
  readonly bos?: string
  /** Render the prompt as one user message through the checkpoint's chat template. @default false */
  readonly chat?: boolean
  /** A system message before it; only with `chat`. @default '' */
  readonly system?: string
}

export function isBosChoice(value: string): value is BosChoice {
  return BOS_CHOICES.some(choice => choice === value)
}

/** A type and not an interface: only so does it fit a `ParamSchema`. */
type PromptParams = Readonly<{ bos: ChoiceParam; chat: SwitchParam; system: TextParam }>

/** To be spread into a study's parameters; the defaults are what the checkpoint's files say. */
export const PROMPT_PARAMS: PromptParams = {
  bos: {
    kind: 'choice',
    label: 'Beginning of sequence',
    help: 'Whether prompts begin with the tokenizer’s BOS token. Numbers differ much with and without it.',
    default: 'config',
    options: [
      { value: 'config', label: 'as the config says' },
      { value: 'with', label: 'with BOS' },
      { value: 'without', label: 'without BOS' },
    ],
    advanced: true,
  },
  chat: {
    kind: 'switch',
    label: 'Chat template',
    help: 'Render every prompt as a user message through the checkpoint’s chat template, up to where the answer begins.',
    default: false,
    advanced: true,
  },
  system: {
    kind: 'text',
    label: 'System prompt',
    help: 'A system message before the user’s; only with the chat template. Empty: none.',
    default: '',
    advanced: true,
  },
}

/** The options among a study's values; none where the study does not have these parameters. */
export function promptOptionsOf(schema: ParamSchema, values: Readonly<Record<string, ParamValue>>): PromptOptions {
  if (schema.bos?.kind !== 'choice' || schema.chat?.kind !== 'switch' || schema.system?.kind !== 'text') return {}
  const { bos, chat, system } = values
  return {
    ...(typeof bos === 'string' ? { bos } : {}),
    ...(typeof chat === 'boolean' ? { chat } : {}),
    ...(typeof system === 'string' ? { system } : {}),
  }
}
