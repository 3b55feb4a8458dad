/**
 * Phi-3, 3.5 and Phi-4-mini: Llama with fused projections, queries, keys and values in one map and gate and up in
 * another, block by block; rotary may cover a part of each head.
 *
 * `longrope` has two lists of factors: one for sequences up to the original context and one for
 * longer ones, which then holds for all positions. Keys that were kept from a shorter sequence would
 * so be wrong in a longer one; we run sequences up to the original context, and refuse longer ones.
 */
import type { ConfigReader } from '../checkpoint/config.ts'
import type { RotarySpec } from '../spec.ts'
import type { Family, LinearSlot } from './family.ts'
import { llamaLikeSlots, llamaLikeSpec } from './llama-like.ts'
import { linearSlot } from './reading.ts'
import { plainFrequencies, type RopeKeys, ropeKeys, rotaryOf } from './rope.ts'

export const phi3: Family = {
  name: 'phi3',
  modelTypes: ['phi3'],
  spec: config => {
    const keys = ropeKeys(config)
    const rotary = (dHead: number) => phiRotary(config, keys, dHead)
    const window = { size: config.optionalSize('sliding_window') }
    const spec = llamaLikeSpec('phi3', config, { positions: 4096, eps: 1e-5, rotary, window })
    return isLong(keys) ? { ...spec, maxPositions: Math.min(spec.maxPositions, originalPositions(config)) } : spec
  },
  slots: (spec, has) =>
    llamaLikeSlots(spec, has, block => {
      const { heads, kvHeads, dHead, dMlp, biases } = spec
      const qkv = linearSlot(`${block}.self_attn.qkv_proj`, biases.qkv, has)
      const [q, k, v] = [heads * dHead, kvHeads * dHead, kvHeads * dHead]
      const gateUp = linearSlot(`${block}.mlp.gate_up_proj`, biases.mlp, has)
      return {
        ln1: { weight: `${block}.input_layernorm.weight` },
        ln2: { weight: `${block}.post_attention_layernorm.weight` },
        q: stretch(qkv, 0, q, q + k + v),
        k: stretch(qkv, q, q + k, q + k + v),
        v: stretch(qkv, q + k, q + k + v, q + k + v),
        o: linearSlot(`${block}.self_attn.o_proj`, biases.attentionOut, has),
        mlp: {
          gate: stretch(gateUp, 0, dMlp, 2 * dMlp),
          up: stretch(gateUp, dMlp, 2 * dMlp, 2 * dMlp),
          down: linearSlot(`${block}.mlp.down_proj`, biases.mlp, has),
        },
      }
    }),
}

/** Outputs `begin` to `end` of a fused map that has `of`. */
function stretch(fused: LinearSlot, begin: number, end: number, of: number): LinearSlot {
  const part = { of, ranges: [[begin, end] as const] }
  return {
    weight: { ...fused.weight, part },
    ...(fused.bias === undefined ? {} : { bias: { ...fused.bias, part } }),
  }
}

/** Early configs call it `su`. */
function isLong({ kind }: RopeKeys): boolean {
  return kind === 'longrope' || kind === 'su'
}

function originalPositions(config: ConfigReader): number {
  return config.size('original_max_position_embeddings', 4096)
}

function phiRotary(config: ConfigReader, keys: RopeKeys, dHead: number): RotarySpec {
  const width = Math.floor(dHead * keys.share)
  if (width < 2 || width > dHead || width % 2 !== 0)
    throw config.error('partial_rotary_factor', `a share of ${dHead} that is an even number of features`)
  if (!isLong(keys)) return rotaryOf(keys, width)
  const factors = keys.scaling.numbers('short_factor')
  if (factors.length !== width / 2) throw keys.scaling.error('short_factor', `${width / 2} numbers`)
  const original = originalPositions(config)
  const extension = config.size('max_position_embeddings', 4096) / original
  const amplitude = extension <= 1 ? 1 : Math.sqrt(1 + Math.log(extension) / Math.log(original))
  return {
    frequencies: plainFrequencies(keys.theta, width).map((frequency, i) => frequency / (factors[i] ?? 1)),
    amplitude: keys.scaling.optionalNumber('attention_factor') ?? amplitude,
  }
}
