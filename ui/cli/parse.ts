/** Words of the command line into a command's option values; what does not fit names the nearest that would. */
import { parseArgs } from 'node:util'
import { UsageError } from '../../engine/errors.ts'
import { nearest } from '../../engine/nearest.ts'
import type { AnyCommand, Command, Option, OptionTable, OptionValues } from './command.ts'

type Value = boolean | string | number | readonly string[] | undefined

interface Given {
  readonly options: Map<string, string[]>
  readonly words: string[]
}

function split(command: Pick<Command, 'name' | 'options'>, argv: readonly string[]): Given {
  const known: Record<string, { type: 'string' | 'boolean'; multiple: boolean }> = {}
  for (const [name, option] of Object.entries(command.options)) {
    known[name] = { type: option.type === 'switch' ? 'boolean' : 'string', multiple: true }
  }
  const { tokens } = parseArgs({ args: [...argv], options: known, strict: false, allowPositionals: true, tokens: true })
  const options = new Map<string, string[]>()
  const words: string[] = []
  for (const token of tokens) {
    if (token.kind === 'positional') words.push(token.value)
    if (token.kind !== 'option') continue
    const option = Object.hasOwn(command.options, token.name) ? command.options[token.name] : undefined
    if (option === undefined) throw unknownOption(command, token.rawName)
    options.set(token.name, [...(options.get(token.name) ?? []), checkedText(command, token.rawName, option, token)])
  }
  return { options, words }
}

function checkedText(
  command: Pick<Command, 'name'>,
  rawName: string,
  option: Option,
  token: { readonly value?: string | undefined; readonly inlineValue?: boolean | undefined },
): string {
  const where = `${command.name} ${rawName}`
  if (option.type === 'switch') {
    if (token.value !== undefined) throw new UsageError(`${where}: it takes no value, got ${token.value}`)
    return 'true'
  }
  if (token.value === undefined) throw new UsageError(`${where}: expected a value, ${rawName} ${option.value}`)
  if (token.inlineValue !== true && token.value.startsWith('--')) {
    throw new UsageError(
      `${where}: expected ${option.value}, got the option ${token.value}; if it is the value, write ${rawName}=${token.value}`,
    )
  }
  if (token.value === '') throw new UsageError(`${where}: expected ${option.value}, got an empty text`)
  return token.value
}

function unknownOption(command: Pick<Command, 'name' | 'options'>, rawName: string): UsageError {
  const near = nearest(
    rawName,
    Object.keys(command.options).map(name => `--${name}`),
    2,
  )
  const hint = near.length > 0 ? `; the nearest are ${near.join(', ')}` : ''
  return new UsageError(`${command.name}: there is no option ${rawName}${hint} (see patchlight ${command.name} --help)`)
}

function toNumber(where: string, option: Option & { type: 'number' }, text: string): number {
  const value = Number(text)
  const form = option.fraction === true ? Number.isFinite(value) : Number.isInteger(value)
  if (text.trim() !== '' && form && value >= option.min && value <= option.max) return value
  const range = Number.isFinite(option.max) ? `from ${option.min} to ${option.max}` : `of at least ${option.min}`
  throw new UsageError(`${where}: expected a ${option.fraction === true ? '' : 'whole '}number ${range}, got ${text}`)
}

function toChoice(where: string, { choices }: Option & { type: 'choice' }, text: string): string {
  if (choices.includes(text)) return text
  const near = nearest(text, choices, 1).join()
  throw new UsageError(`${where}: expected ${choices.join(', ')}, got ${text}; the nearest is ${near}`)
}

function optionValue(where: string, option: Option, texts: readonly string[]): Value {
  if (option.type === 'switch') return texts.length > 0
  if (option.type === 'list') return texts
  const [first, second] = texts
  if (second !== undefined) throw new UsageError(`${where}: it was given twice, ${first} and ${second}`)
  if (first === undefined || option.type === 'text') return first
  return option.type === 'choice' ? toChoice(where, option, first) : toNumber(where, option, first)
}

/**
 * Reads a command's own arguments.
 * @throws UsageError for an unknown option, a missing or superfluous argument, or a value of the wrong form
 */
function parseCommand<T extends OptionTable>(
  command: Command<T>,
  argv: readonly string[],
): { options: OptionValues<T>; words: readonly string[] } {
  const { options, words } = split(command, argv)
  const missing = command.arguments[words.length]
  if (missing !== undefined) {
    throw new UsageError(
      `${command.name}: expected ${missing.name}, ${missing.help} (see patchlight ${command.name} --help)`,
    )
  }
  const extra = words[command.arguments.length]
  if (extra !== undefined && command.rest === undefined) {
    throw new UsageError(
      `${command.name}: did not expect ${JSON.stringify(extra)} (see patchlight ${command.name} --help)`,
    )
  }
  const values: Record<string, Value> = {}
  for (const [name, option] of Object.entries(command.options)) {
    values[name] = optionValue(`${command.name} --${name}`, option, options.get(name) ?? [])
  }
  return { options: values as OptionValues<T>, words }
}

/** Ties a command's option types to its `run`, for the dispatcher that knows neither. */
export function defineCommand<const T extends OptionTable>(command: Command<T>): AnyCommand {
  const { run, ...rest } = command
  return {
    ...rest,
    execute: (argv, output) => {
      const { options, words } = parseCommand(command, argv)
      return run(options, words, output)
    },
  }
}
