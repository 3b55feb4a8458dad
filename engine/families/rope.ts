/**
 * Rotary frequencies from a config: the plain form, and the scalings `linear` and `llama3`.
 * Formulas: Su et al. 2021; position interpolation, Chen et al. 2023; Llama 3's band-wise scaling as
 * Meta and transformers apply it.
 */
import type { ConfigReader } from '../checkpoint/config.ts'
import type { RotarySpec } from '../spec.ts'

/** θ^(−2i/width) for each pair i, in radians a position. */
function plainFrequencies(theta: number, width: number): number[] {
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

export interface RopeOptions {
  /** Number of features of a head that are rotated; even. */
  readonly width: number
  /** The base, where the family keeps it elsewhere than in `rope_theta`. */
  readonly theta?: number
}

/**
 * The rotary setting of a config.
 * @throws CheckpointError for a `rope_scaling` that is not supported
 */
export function rotaryOf(config: ConfigReader, options: RopeOptions): RotarySpec {
  // transformers 5 writes both under `rope_parameters`; older versions wrote `rope_theta` and `rope_scaling`.
  const nested = config.has('rope_parameters') ? config.child('rope_parameters') : null
  const theta = options.theta ?? nested?.optionalNumber('rope_theta') ?? config.number('rope_theta', 10_000)
  const frequencies = plainFrequencies(theta, options.width)
  const scaling = nested ?? (config.has('rope_scaling') ? config.child('rope_scaling') : null)
  if (scaling === null) return { frequencies, amplitude: 1 }
  const key = scaling.has('rope_type') ? 'rope_type' : 'type'
  const kind = scaling.string(key, 'default')
  switch (kind) {
    case 'default':
      return { frequencies, amplitude: 1 }
    case 'linear': {
      const factor = scaling.number('factor')
      return { frequencies: frequencies.map(frequency => frequency / factor), amplitude: 1 }
    }
    case 'llama3':
      return { frequencies: llama3Scaled(frequencies, scaling), amplitude: 1 }
    default:
      throw scaling.error(key, 'one of default, linear, llama3')
  }
}
