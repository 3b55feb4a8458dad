/** The families that we read, by `model_type`. */
import type { ConfigReader } from '../checkpoint/config.ts'
import type { Family } from './family.ts'
import { gemma, gemma2, gemma3 } from './gemma.ts'
import { gptNeox } from './gpt-neox.ts'
import { gpt2 } from './gpt2.ts'
import { llama } from './llama.ts'
import { mistral } from './mistral.ts'
import { mixtral } from './mixtral.ts'
import { olmo2 } from './olmo2.ts'
import { olmoe } from './olmoe.ts'
import { phi3 } from './phi3.ts'
import { qwen2 } from './qwen2.ts'
import { qwen3 } from './qwen3.ts'
import { qwen3Moe } from './qwen3-moe.ts'
import { smollm3 } from './smollm3.ts'

export const FAMILIES: readonly Family[] = [
  llama,
  mistral,
  qwen2,
  qwen3,
  smollm3,
  gpt2,
  gptNeox,
  phi3,
  gemma,
  gemma2,
  gemma3,
  olmo2,
  mixtral,
  qwen3Moe,
  olmoe,
]

/** @throws CheckpointError that names the supported types; or if the weights are quantized */
export function familyOf(config: ConfigReader): Family {
  if (config.has('quantization_config'))
    throw config.error(
      'quantization_config',
      'none (quantized weights are not read: take the model before quantization)',
    )
  const type = config.string('model_type')
  const family = FAMILIES.find(candidate => candidate.modelTypes.includes(type))
  if (family !== undefined) return family
  const known = FAMILIES.flatMap(candidate => candidate.modelTypes)
  throw config.error('model_type', `a supported one (${known.join(', ')})`)
}
