/** Options that several commands share. */
import { BACKEND_NAMES, DTYPES } from '../../engine/backends/types.ts'
import { RESIDENCIES } from '../../engine/weights.ts'
import type { ChoiceOption, TextOption } from './command.ts'

export const RUNS_OPTION = {
  type: 'text',
  value: 'DIR',
  help: 'Folder that holds the runs. Default: PATCHLIGHT_RUNS, else runs in the current folder.',
} as const satisfies TextOption

export const BACKEND_OPTION = {
  type: 'choice',
  value: 'NAME',
  choices: ['auto', ...BACKEND_NAMES],
  help: 'What computes: auto, tensorflow, webgpu, blas or wasm. Default: PATCHLIGHT_BACKEND, else auto.',
} as const satisfies ChoiceOption

export const DTYPE_OPTION = {
  type: 'choice',
  value: 'FORMAT',
  choices: ['auto', ...DTYPES],
  help:
    'Format of weights and products with them: f32, bf16 (half the memory; blas with oneDNN only), or auto, ' +
    'which is f32. Default: PATCHLIGHT_DTYPE, else auto.',
} as const satisfies ChoiceOption

export const WEIGHTS_OPTION = {
  type: 'choice',
  value: 'WHERE',
  choices: ['auto', ...RESIDENCIES],
  help: 'Where the weights stand: memory, disk (read a layer at a time), or auto. Default: PATCHLIGHT_WEIGHTS, else auto.',
} as const satisfies ChoiceOption

export const MODEL_OPTION = {
  type: 'text',
  value: 'MODEL',
  help: 'Checkpoint folder in Hugging Face layout, or a pulled OWNER/NAME[@REVISION]. Default: the embedded model.',
} as const satisfies TextOption

export const JSON_OPTION = {
  type: 'switch',
  help: 'Print one JSON document on standard output and nothing else there.',
} as const

/** `{[key]: value}`, or nothing where there is no value: for options that must be absent rather than undefined. */
export function given<K extends string, V>(key: K, value: V | undefined): { readonly [P in K]?: V } {
  return value === undefined ? {} : ({ [key]: value } as { readonly [P in K]?: V })
}
