/** Attention's inside: patterns are weights over what may be seen, mixes follow from them, heads add up. */
import type { ModelSpec, NormSpec } from '../../engine/spec.ts'
import type { NormWeights } from '../../engine/weights.ts'
import { relativeError } from './error.ts'
import { certainValues, type Subject } from './subject.ts'

/** Largest distance of a query's weights from summing to 1; infinite where one looks at what it may not see. */
export function patternError({ model, runs }: Subject): number {
  const { spec } = model
  let worst = 0
  for (const run of runs) {
    const length = run.ids.length
    for (const [layer, { window }] of spec.layers.entries()) {
      const pattern = certainValues(spec, run, 'pattern', layer) // [head, query, key]
      for (let row = 0; row < spec.heads * length; row++) {
        const query = row % length
        let sum = 0
        for (let key = 0; key < length; key++) {
          const weight = pattern[row * length + key] ?? Number.NaN
          const hidden = key > query || (window !== null && key <= query - window)
          if (!(weight >= 0) || (hidden && weight !== 0)) return Number.POSITIVE_INFINITY
          sum += weight
        }
        worst = Math.max(worst, Math.abs(sum - 1))
      }
    }
  }
  return worst
}

/** pattern · v = z */
export function mixError({ model, runs }: Subject): number {
  const { spec } = model
  const { heads, kvHeads, dHead } = spec
  let worst = 0
  for (const run of runs) {
    const length = run.ids.length
    for (const layer of spec.layers.keys()) {
      const pattern = certainValues(spec, run, 'pattern', layer)
      const v = certainValues(spec, run, 'v', layer) // [pos, kv_head, d_head]
      const mixed = new Float64Array(length * heads * dHead)
      for (let head = 0; head < heads; head++) {
        const kvHead = Math.floor((head * kvHeads) / heads)
        for (let query = 0; query < length; query++)
          for (let key = 0; key <= query; key++) {
            const weight = pattern[(head * length + query) * length + key] ?? Number.NaN
            const from = (key * kvHeads + kvHead) * dHead
            const to = (query * heads + head) * dHead
            for (let i = 0; i < dHead; i++) mixed[to + i] = (mixed[to + i] ?? 0) + weight * (v[from + i] ?? Number.NaN)
          }
      }
      worst = Math.max(worst, relativeError(certainValues(spec, run, 'z', layer), mixed))
    }
  }
  return worst
}

/** Σ result (+ bias) = attn_out, through the norm after attention where there is one. */
export async function headsError({ model, runs }: Subject): Promise<number> {
  const { spec } = model
  let worst = 0
  for (const layer of spec.layers.keys()) {
    const weights = await model.weights.layer(layer)
    for (const run of runs) {
      const result = certainValues(spec, run, 'result', layer) // [pos, head, d_model]
      const sum = sumOfHeads(spec, result, weights.o.bias)
      const expected = spec.postNorm && weights.ln1Post !== null ? normed(sum, weights.ln1Post, spec.norm) : sum
      worst = Math.max(worst, relativeError(certainValues(spec, run, 'attn_out', layer), expected))
    }
  }
  return worst
}

/** [pos, head, d_model] → [pos, d_model] */
function sumOfHeads({ heads, dModel }: ModelSpec, result: Float32Array, bias: Float32Array | null): Float64Array {
  const positions = result.length / (heads * dModel)
  const sum = new Float64Array(positions * dModel)
  for (let position = 0; position < positions; position++)
    for (let i = 0; i < dModel; i++) {
      let total = bias?.[i] ?? 0
      for (let head = 0; head < heads; head++) total += result[(position * heads + head) * dModel + i] ?? Number.NaN
      sum[position * dModel + i] = total
    }
  return sum
}

/** The norm over rows as wide as its weight, in float64. */
function normed(values: Float64Array, { weight, bias }: NormWeights, norm: NormSpec): Float64Array {
  const width = weight.length
  const result = new Float64Array(values.length)
  for (let begin = 0; begin < values.length; begin += width) {
    const row = values.subarray(begin, begin + width)
    const mean = norm.kind === 'layer' ? row.reduce((sum, x) => sum + x, 0) / width : 0
    const scale = Math.sqrt(row.reduce((sum, x) => sum + (x - mean) ** 2, 0) / width + norm.eps)
    for (const [i, x] of row.entries())
      result[begin + i] = ((x - mean) / scale) * ((weight[i] ?? 0) + norm.offset) + (bias?.[i] ?? 0)
  }
  return result
}
