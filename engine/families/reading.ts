/** What family files share: readings of config keys, and slots of linear maps. */
import type { ConfigReader } from '../checkpoint/config.ts'
import { CheckpointError } from '../errors.ts'
import type { Activation } from '../spec.ts'
import type { Has, LinearSlot, NormSlot } from './family.ts'

const ACTIVATION_OF: Readonly<Record<string, Activation>> = {
  silu: 'silu',
  swish: 'silu',
  gelu: 'gelu',
  gelu_python: 'gelu',
  gelu_new: 'gelu_tanh',
  gelu_fast: 'gelu_tanh',
  gelu_accurate: 'gelu_tanh',
  gelu_pytorch_tanh: 'gelu_tanh',
  relu: 'relu',
}

/** The activation that a config names. */
export function activationOf(config: ConfigReader, key: string, fallback?: string): Activation {
  const name = config.string(key, fallback)
  const activation = Object.hasOwn(ACTIVATION_OF, name) ? ACTIVATION_OF[name] : undefined
  if (activation === undefined) throw config.error(key, `one of ${Object.keys(ACTIVATION_OF).join(', ')}`)
  return activation
}

/** Refuses a config value that we would otherwise ignore. @param value the only one that is supported */
export function expectValue(config: ConfigReader, key: string, value: string | number | boolean): void {
  if (config.has(key) && config.raw(key) !== value) throw config.error(key, JSON.stringify(value))
}

/** Refuses a key that must be absent or null. */
export function expectAbsent(config: ConfigReader, key: string): void {
  if (config.has(key)) throw config.error(key, 'null (it is not supported)')
}

/** A number whose key, when absent, means `fallback`, and when null, none. */
function optionalNumber(config: ConfigReader, key: string, fallback: number | null): number | null {
  return config.mentions(key) ? config.optionalNumber(key) : fallback
}

/** As `optionalNumber`, for a count. */
export function optionalSize(config: ConfigReader, key: string, fallback: number | null): number | null {
  return config.mentions(key) ? config.optionalSize(key) : fallback
}

/** A soft-cap: a positive number, or none. */
export function softCap(config: ConfigReader, key: string, fallback: number | null): number | null {
  const cap = optionalNumber(config, key, fallback)
  if (cap !== null && cap <= 0) throw config.error(key, 'a positive number or null')
  return cap
}

/**
 * Windows by layer: as `layer_types` spells them out, else by the family's rule.
 * @param size positions that a local layer's query sees
 */
export function windowsOf(
  config: ConfigReader,
  layers: number,
  size: number | null,
  isLocal: (layer: number) => boolean,
): (number | null)[] {
  const types = config.has('layer_types') ? config.strings('layer_types') : null
  if (types !== null && types.length !== layers) throw config.error('layer_types', `${layers} entries`)
  return Array.from({ length: layers }, (_, layer) => {
    const type = types?.[layer]
    if (type !== undefined && type !== 'full_attention' && type !== 'sliding_attention')
      throw config.error('layer_types', 'full_attention or sliding_attention for each layer')
    const local = type === undefined ? size !== null && isLocal(layer) : type === 'sliding_attention'
    if (local && size === null)
      throw config.error('sliding_window', 'a positive integer, since layer_types has sliding_attention')
    return local ? size : null
  })
}

/** A linear map's slot. @throws CheckpointError if the file has a bias that the config does not speak of */
export function linearSlot(name: string, biased: boolean, has: Has): LinearSlot {
  const weight = { name: `${name}.weight` }
  const bias = `${name}.bias`
  if (biased) return { weight, bias: { name: bias } }
  if (has(bias)) throw new CheckpointError(`checkpoint: tensor ${bias}: config.json says that there is no such bias`)
  return { weight }
}

/** A LayerNorm's slot: weight and bias. */
export function layerNormSlot(name: string): NormSlot {
  return { weight: `${name}.weight`, bias: `${name}.bias` }
}
