/** Chat templates: found where Hugging Face puts them, rendered with its settings and variables. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Template } from '@huggingface/jinja'
import { errorCode, isJsonObject, type JsonObject, readJsonObject, shown } from '../checkpoint/json-file.ts'
import { CheckpointError } from '../errors.ts'
import type { ChatMessage } from '../tokenizer-types.ts'
import { specialText } from './special.ts'

const SPECIAL_KEYS = ['bos_token', 'eos_token', 'unk_token', 'pad_token', 'sep_token', 'cls_token', 'mask_token']

export type ChatRenderer = (messages: readonly ChatMessage[], addGenerationPrompt: boolean) => string

async function readTextFile(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return null
    throw new CheckpointError(`${path}: expected a readable file, got ${errorCode(error)}`)
  }
}

/** A template, or a list of named ones, of which `default` is meant. */
function pickTemplate(value: unknown, file: string): string | null {
  if (value === undefined || value === null) return null
  if (typeof value === 'string') return value
  const list: unknown[] = Array.isArray(value) ? value : []
  const named = list.filter(isJsonObject)
  const chosen = named.find(entry => entry.name === 'default') ?? (named.length === 1 ? named[0] : undefined)
  if (typeof chosen?.template === 'string') return chosen.template
  throw new CheckpointError(
    `${file}: chat_template: expected a template, or a list of named ones with a default, got ${shown(value)}`,
  )
}

async function findTemplate(dir: string, tokenizerConfig: JsonObject): Promise<string | null> {
  const file = await readTextFile(join(dir, 'chat_template.jinja'))
  if (file !== null) return file
  const inConfig = pickTemplate(tokenizerConfig.chat_template, 'tokenizer_config.json')
  if (inConfig !== null) return inConfig
  const json = await readJsonObject(join(dir, 'chat_template.json'))
  return pickTemplate(json?.chat_template, 'chat_template.json')
}

/** Whether prompts can be rendered as chats: what a list of models says without loading their tokenizers. */
export async function hasChatTemplate(dir: string): Promise<boolean> {
  const tokenizerConfig = (await readJsonObject(join(dir, 'tokenizer_config.json'))) ?? {}
  return (await findTemplate(dir, tokenizerConfig)) !== null
}

function reason(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

/**
 * The chat template of a checkpoint folder, ready to render; null if it has none.
 * A template that does not parse is reported when it is used: the model runs without it.
 */
export async function loadChatTemplate(dir: string, tokenizerConfig: JsonObject): Promise<ChatRenderer | null> {
  const source = await findTemplate(dir, tokenizerConfig)
  if (source === null) return null
  const variables: Record<string, string> = {}
  for (const key of SPECIAL_KEYS) {
    const text = specialText(tokenizerConfig, key)
    if (text !== null) variables[key] = text
  }
  let template: Template | null = null
  return (messages, addGenerationPrompt) => {
    try {
      template ??= new Template(source)
      return template.render({ ...variables, messages, add_generation_prompt: addGenerationPrompt })
    } catch (error) {
      throw new CheckpointError(`chat template: expected to render these messages, got: ${reason(error)}`)
    }
  }
}
