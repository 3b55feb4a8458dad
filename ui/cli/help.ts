/** Help texts, derived from the commands' tables. */
import type { AnyCommand, Option } from './command.ts'

const WIDTH = 100
/** What stands beside a column of names has at least this much room, however narrow the terminal. */
const MIN_TEXT = 24

export function wrap(text: string, indent: number): string {
  const width = Math.max(indent + MIN_TEXT, Math.min(WIDTH, process.stdout.columns || WIDTH))
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    if (line !== '' && indent + line.length + 1 + word.length > width) {
      lines.push(line)
      line = word
    } else line = line === '' ? word : `${line} ${word}`
  }
  return [...lines, line].join(`\n${' '.repeat(indent)}`)
}

function table(rows: readonly (readonly [string, string])[]): string {
  const width = Math.max(0, ...rows.map(([left]) => left.length)) + 4
  return rows.map(([left, right]) => `  ${left.padEnd(width - 2)}${wrap(right, width)}`).join('\n')
}

function optionName(name: string, option: Option): string {
  return option.type === 'switch' ? `--${name}` : `--${name} ${option.value}`
}

/** What `patchlight <command> --help` prints. */
export function commandHelp(command: AnyCommand): string {
  const takes = [...command.arguments, ...(command.rest === undefined ? [] : [command.rest])]
  const words = ['patchlight', command.name, ...takes.map(argument => argument.name)]
  const options = Object.entries(command.options)
  const parts = [
    `Usage: ${words.join(' ')}${options.length > 0 ? ' [options]' : ''}`,
    wrap(command.summary, 0),
    ...(command.details === undefined ? [] : [command.details]),
    ...(takes.length === 0 ? [] : [`Arguments:\n${table(takes.map(({ name, help }) => [name, help] as const))}`]),
    `Options:\n${table([
      ...options.map(([name, option]) => [optionName(name, option), option.help] as const),
      ['--help', 'Show this.'] as const,
    ])}`,
  ]
  return parts.join('\n\n')
}

/** What `patchlight --help` prints. */
export function overview(commands: readonly AnyCommand[]): string {
  const rows = commands.map(
    ({ name, arguments: args, summary }) => [[name, ...args.map(arg => arg.name)].join(' '), summary] as const,
  )
  return [
    'Patchlight: a mechanistic-interpretability workbench.',
    'Usage: patchlight <command> [options]',
    `Commands:\n${table(rows)}`,
    'patchlight <command> --help tells more of one; patchlight --version says which version this is.\nExit codes: 0 done, 1 it could not be done, 2 wrong usage, 130 stopped by Ctrl-C.',
  ].join('\n\n')
}
