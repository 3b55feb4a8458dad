/**
 * Rotary frequencies from a config: the plain form, and the scalings `linear`, `llama3` and `dynamic`.
 * Formulas: Su et al. 2021; position interpolation, Chen et al. 2023; Llama 3's band-wise scaling as
 * Meta and transformers apply it.
 */
import type { ConfigReader } from '../checkpoint/config.ts'
import type { RotarySpec } from '../spec.ts'

/** θ^(−2i/width) for each pair i, in radians a position. */
export function plainFrequencies(theta: number, width: number): number[] {
  return Array.from({ length: width / 2 }, (_, i) => 1 / theta ** ((2 * i) / width))
}

/** Long waves are slowed by `factor`, short ones kept, those between blended. */
function llama3Scaled(frequencies: readonly number[], scaling: ConfigReader): number[] {
  const factor = scaling.number('factor')
  const low = scaling.number('low_freq_factor')
  const high = scaling.number('high_freq_factor')
  const original = scaling.size('original_max_position_embeddings')
  return frequencies.map(frequency => {
    const wavelength = (2 * Math.PI) / frequency
    if (wavelength < original / high) return frequency
    if (wavelength > original / low) return frequency / factor
    const smooth = (original / wavelength - low) / (high - low)
    return ((1 - smooth) * frequency) / factor + smooth * frequency
  })
}

/** A config's rotary settings, wherever its version of transformers wrote them. */
export interface RopeKeys {
  readonly theta: number
  /** Part of each head's features that are rotated. */
  readonly share: number
  /** The kind of scaling; `default` for none. */
  readonly kind: string
  /** Where the scaling's own keys stand. */
  readonly scaling: ConfigReader
  /** The key that named the kind, for messages. */
  readonly kindKey: string
}

export interface RopeOptions {
  /** The base where the config names none. @default 10,000 */
  readonly theta?: number
  /** The base's key. @default rope_theta */
  readonly thetaKey?: string
  /** The key of the share of features that are rotated. @default partial_rotary_factor */
  readonly shareKey?: string
  /** That share where the config names none. @default 1 */
  readonly share?: number
  /** Where settings differ by kind of layer: which kind's to take. */
  readonly layerType?: string
}

/** Reads the settings. transformers 5 writes all under `rope_parameters`; older versions side by side. */
export function ropeKeys(config: ConfigReader, options: RopeOptions = {}): RopeKeys {
  const { theta = 10_000, thetaKey = 'rope_theta', shareKey = 'partial_rotary_factor', share = 1 } = options
  let scaling = config
  if (config.has('rope_parameters')) {
    scaling = config.child('rope_parameters')
    if (options.layerType !== undefined && scaling.has(options.layerType)) scaling = scaling.child(options.layerType)
    else if (!scaling.has('rope_theta')) throw scaling.error('rope_theta', 'a finite number')
    const read = { theta: scaling.number('rope_theta'), share: scaling.number('partial_rotary_factor', share) }
    const kindKey = kindKeyOf(scaling)
    return { ...read, kind: scaling.string(kindKey, 'default'), scaling, kindKey }
  }
  const read = { theta: config.number(thetaKey, theta), share: config.number(shareKey, share) }
  if (!config.has('rope_scaling')) return { ...read, kind: 'default', scaling, kindKey: 'rope_scaling' }
  scaling = config.child('rope_scaling')
  const kindKey = kindKeyOf(scaling)
  return { ...read, kind: scaling.string(kindKey), scaling, kindKey }
}

/** The key of the kind of scaling; the shorter one is the older. */
function kindKeyOf(scaling: ConfigReader): string {
  return scaling.has('type') && !scaling.has('rope_type') ? 'type' : 'rope_type'
}

/**
 * The rotary setting of heads of `width` rotated features.
 * @throws CheckpointError for a kind of scaling that is not supported
 */
export function rotaryOf({ theta, kind, scaling, kindKey }: RopeKeys, width: number): RotarySpec {
  const frequencies = plainFrequencies(theta, width)
  switch (kind) {
    case 'default':
    // It changes frequencies past `max_position_embeddings` only, and longer sequences are refused.
    case 'dynamic':
      return { frequencies, amplitude: 1 }
    case 'linear': {
      const factor = scaling.number('factor')
      return { frequencies: frequencies.map(frequency => frequency / factor), amplitude: 1 }
    }
    case 'llama3':
      return { frequencies: llama3Scaled(frequencies, scaling), amplitude: 1 }
    default:
      throw scaling.error(kindKey, 'one of default, dynamic, linear, llama3')
  }
}
