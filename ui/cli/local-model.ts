/** For commands that compute in this process: loading the model they name, and reading the prompt they are given. */
import type { BackendName, Dtype } from '../../engine/backends/types.ts'
import { findModel } from '../../engine/checkpoint/hub/find-model.ts'
import { UsageError } from '../../engine/errors.ts'
import { loadModel } from '../../engine/load.ts'
import type { Model } from '../../engine/model.ts'
import type { Residency } from '../../engine/weights.ts'
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

/** Loads the model, with progress where it takes long; the caller disposes it. */
export async function openModel(
  options: {
    readonly model: string | undefined
    readonly backend: BackendName | 'auto' | undefined
    readonly dtype?: Dtype | 'auto' | undefined
    readonly weights?: Residency | 'auto' | undefined
  },
  output: Output,
): Promise<Model> {
  const model = await loadModel(options.model === undefined ? EMBEDDED_MODEL : await findModel(options.model), {
    ...given('backend', options.backend),
    ...given('dtype', options.dtype),
    ...given('residency', options.weights),
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
