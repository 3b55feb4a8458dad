/** The residual stream is a sum: what enters, what attention and MLP add, and nothing else. */
import { relativeError, sumOf } from './error.ts'
import { certainValues, type Subject, valuesOf } from './subject.ts'

export function streamError({ model, runs }: Subject): number {
  const { spec } = model
  let worst = 0
  for (const run of runs) {
    const position = valuesOf(spec, run, 'pos_embed')
    const embed = certainValues(spec, run, 'embed')
    let stream: ArrayLike<number> = position === null ? embed : sumOf(embed, position)
    for (const layer of spec.layers.keys()) {
      const at = (site: 'resid_pre' | 'attn_out' | 'mlp_out' | 'resid_post') => certainValues(spec, run, site, layer)
      const pre = at('resid_pre')
      const mid = valuesOf(spec, run, 'resid_mid', layer)
      worst = Math.max(
        worst,
        relativeError(pre, stream),
        mid === null ? 0 : relativeError(mid, sumOf(pre, at('attn_out'))),
        relativeError(at('resid_post'), sumOf(pre, at('attn_out'), at('mlp_out'))),
      )
      stream = at('resid_post')
    }
  }
  return worst
}
