/**
 * What a command of the command line is: a name, a table of options and what it does. Parsing and
 * help both derive from the table.
 */
import type { Output } from './output.ts'

interface OptionBase {
  readonly help: string
  /** What the value is, in capitals, for the help: `DIR`. */
  readonly value?: string
}

export interface TextOption extends OptionBase {
  readonly type: 'text'
  readonly value: string
}
interface ListOption extends OptionBase {
  /** May be given several times. */
  readonly type: 'list'
  readonly value: string
}
export interface ChoiceOption extends OptionBase {
  readonly type: 'choice'
  readonly value: string
  readonly choices: readonly string[]
}
interface NumberOption extends OptionBase {
  readonly type: 'number'
  readonly value: string
  readonly min: number
  readonly max: number
  /** Whether fractions are allowed. @default false */
  readonly fraction?: boolean
}
interface SwitchOption extends OptionBase {
  readonly type: 'switch'
}

export type Option = TextOption | ListOption | ChoiceOption | NumberOption | SwitchOption
export type OptionTable = Readonly<Record<string, Option>>

type ValueOf<O extends Option> = O extends SwitchOption
  ? boolean
  : O extends NumberOption
    ? number | undefined
    : O extends ListOption
      ? readonly string[]
      : O extends ChoiceOption
        ? O['choices'][number] | undefined
        : string | undefined

export type OptionValues<T extends OptionTable> = { readonly [K in keyof T]: ValueOf<T[K]> }

/** A positional argument. */
interface Argument {
  readonly name: string
  readonly help: string
}

export interface Command<T extends OptionTable = OptionTable> {
  readonly name: string
  /** One line for the list of commands. */
  readonly summary: string
  /** More lines for the command's own help. */
  readonly details?: string
  /** Its arguments; all are needed. */
  readonly arguments: readonly Argument[]
  /** What may follow them: any number of words. */
  readonly rest?: Argument
  readonly options: T
  /** Returns the exit code. */
  run(options: OptionValues<T>, given: readonly string[], output: Output): Promise<number>
}

/** A command whose options' types are no longer known, as the dispatcher sees it. */
export interface AnyCommand extends Omit<Command, 'run'> {
  execute(argv: readonly string[], output: Output): Promise<number>
}
