/** For commands that compute in this process: loading the model they name, and reading the prompt they are given. */
import { BACKEND_NAMES, type BackendName, DTYPES, type Dtype } from '../../engine/backends/types.ts'
import { findModel } from '../../engine/checkpoint/hub/find-model.ts'
import { UsageError } from '../../engine/errors.ts'
import { loadModel } from '../../engine/load.ts'
import type { Model } from '../../engine/model.ts'
import { nearest } from '../../engine/nearest.ts'
import { RESIDENCIES, type Residency } from '../../engine/weights.ts'
import { EMBEDDED_MODEL } from '../../studies/runs/model-list.ts'
import { BACKEND_OPTION, DTYPE_OPTION, given, MODEL_OPTION, WEIGHTS_OPTION } from './common-options.ts'
import type { Output } from './output.ts'

/** Options of a command that runs one prompt. */
export const PROMPT_OPTIONS = {
  model: MODEL_OPTION,
  prompt: { type: 'text', value: 'TEXT', help: 'The prompt; special tokens are added as the tokenizer does.' },
  ids: { type: 'text', value: '1,2,3', help: 'Token ids instead of a prompt, exactly as given.' },
  backend: BACKEND_OPTION,
  dtype: DTYPE_OPTION,
  weights: WEIGHTS_OPTION,
} as const

interface PromptValues {
  readonly prompt: string | undefined
  readonly ids: string | undefined
}

function parseBackend(name: string | undefined): BackendName | 'auto' | undefined {
  if (name === undefined || name === 'auto') return name
  const found = BACKEND_NAMES.find(candidate => candidate === name)
  if (found !== undefined) return found
  throw new UsageError(
    `--backend ${name}: expected auto, ${BACKEND_NAMES.join(', ')}; the nearest is ${nearest(name, BACKEND_NAMES, 1).join()}`,
  )
}

function parseDtype(name: string | undefined): Dtype | 'auto' | undefined {
  if (name === undefined || name === 'auto') return name
  const found = DTYPES.find(candidate => candidate === name)
  if (found !== undefined) return found
  throw new UsageError(`--dtype ${name}: expected auto, ${DTYPES.join(', ')}`)
}

function parseWeights(name: string | undefined): Residency | 'auto' | undefined {
  if (name === undefined || name === 'auto') return name
  const found = RESIDENCIES.find(candidate => candidate === name)
  if (found !== undefined) return found
  throw new UsageError(`--weights ${name}: expected auto, ${RESIDENCIES.join(', ')}`)
}

/** Loads the model, with progress where it takes long; the caller disposes it. */
export async function openModel(
  options: {
    readonly model: string | undefined
    readonly backend: string | undefined
    readonly dtype?: string | undefined
    readonly weights?: string | undefined
  },
  output: Output,
): Promise<Model> {
  const model = await loadModel(options.model === undefined ? EMBEDDED_MODEL : await findModel(options.model), {
    ...given('backend', parseBackend(options.backend)),
    ...given('dtype', parseDtype(options.dtype)),
    ...given('residency', parseWeights(options.weights)),
    onProgress: (done, total) => output.status(`loading ${Math.floor((100 * done) / total)}%`),
  })
  output.status('')
  if (model.weightsNote !== null) output.say(model.weightsNote)
  return model
}

/** Says before the model is loaded that there is no prompt, or two. @throws UsageError */
export function checkPromptOptions(command: string, { prompt, ids }: PromptValues): void {
  if (prompt === undefined && ids === undefined)
    throw new UsageError(`${command}: expected --prompt TEXT or --ids 1,2,3`)
  if (prompt !== undefined && ids !== undefined)
    throw new UsageError(`${command}: expected --prompt or --ids, got both`)
  if (ids !== undefined && !/^\s*\d+(\s*,\s*\d+)*\s*$/.test(ids)) {
    throw new UsageError(`${command} --ids: expected whole numbers with commas between, got ${JSON.stringify(ids)}`)
  }
  if (prompt?.trim() === '') throw new UsageError(`${command} --prompt: the prompt is empty`)
}

/** The token ids that the options give. */
export function promptIds(model: Model, { prompt, ids }: PromptValues): number[] {
  if (ids !== undefined) return ids.split(',').map(Number)
  return model.tokenizer.encode(prompt ?? '')
}
