/**
 * Parameters of a study, described as data, from which the command line's and the page's forms
 * derive. Values are plain JSON.
 */

interface Base<K extends string, T> {
  readonly kind: K
  readonly label: string
  readonly help: string
  readonly default: T
  /** Forms tuck these away. @default false */
  readonly advanced?: boolean
}

/** A prompt, one line or several. */
export interface PromptParam extends Base<'prompt', string> {
  /** Another prompt parameter that must have as many tokens; forms show where the two differ. */
  readonly alignsWith?: string
}
/** A list of prompts; on the command line a JSON array, or `@file` with one a line. */
export interface PromptsParam extends Base<'prompts', readonly string[]> {
  readonly min?: number
  readonly max?: number
}
/** Clean and corrupted prompts in pairs. */
export interface PairsParam extends Base<'pairs', readonly (readonly [clean: string, corrupted: string])[]> {}
/** Pieces of text that must each be one token. */
export interface TokensParam extends Base<'tokens', readonly string[]> {}
export interface NumberParam extends Base<'number', number> {
  readonly min?: number
  readonly max?: number
  readonly integer?: boolean
  readonly unit?: string
}
export interface ChoiceParam extends Base<'choice', string> {
  readonly options: readonly { readonly value: string; readonly label: string }[]
}
export interface SwitchParam extends Base<'switch', boolean> {}
/** Layers: `all`, `last`, or a list such as `0-3,7`. */
export interface LayersParam extends Base<'layers', string> {}
export interface TextParam extends Base<'text', string> {}

export type Param =
  | PromptParam
  | PromptsParam
  | PairsParam
  | TokensParam
  | NumberParam
  | ChoiceParam
  | SwitchParam
  | LayersParam
  | TextParam

export type ParamSchema = Readonly<Record<string, Param>>
export type ParamValue = Param['default']

/** The values that a schema describes. */
export type ParamsOf<S extends ParamSchema> = {
  readonly [K in keyof S]: S[K] extends ChoiceParam ? string : S[K]['default']
}
