/** The committed comparison of our points with TransformerLens's; see tests/parity/generate. */
import { readFileSync } from 'node:fs'

export interface LensCase {
  /** Shapes of the points that agree in name, shape and value; `L` is any layer, `E` any expert. */
  readonly agree: Readonly<Record<string, readonly number[]>>
  /** Points that differ there, with the reason. */
  readonly differ: Readonly<Record<string, { readonly reason: string; readonly equalOnceTranslated: boolean }>>
  readonly onlyInTransformerLens: readonly string[]
}

export const transformerLens: {
  readonly transformerLens: string
  readonly cases: Readonly<Record<string, LensCase>>
  readonly notExpressible: Readonly<Record<string, string>>
} = JSON.parse(readFileSync(new URL('../fixtures/parity/transformer-lens.json', import.meta.url), 'utf8'))
